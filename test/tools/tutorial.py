# SPDX-License-Identifier: GPL-2.0-only
"""Takes the commands out of a text, and compares what they print.

tutorial.py commands TEXT DIRECTORY   a directory for each boot, with a file for each command
tutorial.py compare TEXT REPORT...    TAP: is the output what the text says
tutorial.py alter TEXT REPORT...      TAP: is each line of output that the text has looked at

Every literal block of the text is a session. A command is a line that begins with "# " (root)
or "$ " (somebody else), with lines that begin with "> " as its continuation; what follows up to
the next one is its output, errors included. "..." stands for what varies: in a line for one
character or more, alone in a line for any number of lines. Eight hexadecimal digits before it are the name of an identifier of 32, which is the
same wherever it has that name. What is typed at a prompt without echo
is a comment before the block, ".. typed: TEXT", one for each prompt. The command "reboot" ends a
boot. A command may fail, but not without a word.
"""
import base64
import pathlib
import re
import sys

import docutils.core
import docutils.nodes


class Command:
    """One command of the text, and the output that is expected of it."""

    def __init__(self, line, prompt, text, typed):
        self.line, self.prompt, self.text, self.typed = line, prompt, text, typed
        self.expected = []

    def name(self):
        return f"line {self.line}: {self.text.splitlines()[0]}"

    def pattern(self, expected, known):
        """Lines as a regular expression; identifiers that are not known yet are its groups"""
        parts, new = [], set()
        for line in expected:
            if line.strip() == "...":
                parts.append(r"(?:[^\n]*\n)*")
                continue
            for piece in re.split(r"(\b[0-9a-f]{8}\.\.\.|\.\.\.)", line):
                name = piece[:-3]
                if piece == "...":
                    parts.append(r"[^\n]+")
                elif not piece.endswith("..."):
                    parts.append(re.escape(piece))
                elif name in known:
                    parts.append(known[name])
                else:
                    parts.append(f"(?P=id_{name})" if name in new else f"(?P<id_{name}>[0-9a-f]{{32}})")
                    new.add(name)
            parts.append("\n")
        return "".join(parts)

    def accepts(self, output, known, expected=None):
        """White space at the ends of lines is nothing that a reader sees."""
        pattern = self.pattern(self.expected if expected is None else expected, known)
        match = re.fullmatch(pattern, re.sub(r"[ \t]+$", "", output, flags=re.M))
        if match:
            known.update({group[3:]: text for group, text in match.groupdict().items()})
        return match is not None


def read_block(lines, first, typed):
    commands = []
    for number, line in enumerate(lines, first):
        if re.match(r"[#$] ", line):
            commands.append(Command(number, line[0], line[2:], typed))
        elif not commands:
            sys.exit(f"line {number}: a block that does not begin with a command")
        elif line.startswith("> ") and not commands[-1].expected:
            commands[-1].text += "\n" + line[2:]
        else:
            commands[-1].expected.append(line.rstrip())
    return commands


def find_line(source, block, start):
    """The number of the block's first line, which docutils does not know exactly"""
    first = block.splitlines()[0]
    for number in range(start, len(source)):
        if source[number].strip() == first.strip() and source[number].startswith(" "):
            return number + 1
    sys.exit(f'where is "{first}"?')


def read_commands(path):
    source = pathlib.Path(path).read_text()
    document = docutils.core.publish_doctree(source, settings_overrides={"report_level": 2, "halt_level": 2})
    commands, typed, at = [], [], 0
    for node in document.traverse():
        if isinstance(node, docutils.nodes.comment) and node.astext().startswith("typed:"):
            typed.append(node.astext()[len("typed:"):].strip())
        elif isinstance(node, docutils.nodes.literal_block):
            at = find_line(source.splitlines(), node.astext(), at)
            commands += read_block(node.astext().splitlines(), at, typed)
            typed = []
    return commands


def write_commands(path, directory):
    boot = 1
    for number, command in enumerate(read_commands(path)):
        if command.text == "reboot":
            boot += 1
            continue
        place = pathlib.Path(directory, f"boot-{boot}")
        place.mkdir(parents=True, exist_ok=True)
        step = f"{number:03}"
        (place / f"{step}.{'root' if command.prompt == '#' else 'user'}").write_text(command.text + "\n")
        (place / f"{step}.typed").write_text("".join(text + "\n" for text in command.typed))


def read_outputs(reports):
    """Lines "session STEP STATUS BASE64" of the guest"""
    outputs = {}
    for report in reports:
        for line in pathlib.Path(report).read_text(errors="replace").splitlines():
            if line.startswith("session "):
                _, step, status, *text = line.split(" ")
                outputs[int(step)] = int(status), base64.b64decode("".join(text)).decode(errors="replace")
    return outputs


def problem_of(command, outcome, known):
    if outcome is None:
        return "it was not run"
    status, output = outcome
    if status and not output:
        return f"it failed with status {status}, and without a word"
    if not command.accepts(output, known):
        return f"status {status}, and it prints:\n{output}"
    return None


def compare(path, reports):
    outputs, known = read_outputs(reports), {}
    for number, command in enumerate(read_commands(path)):
        if command.text == "reboot":
            continue
        problem = problem_of(command, outputs.get(number), known)
        print(f"{'not ok' if problem else 'ok'} - {command.name()}")
        for line in (problem or "").splitlines():
            print(f"#   {line}")


def alter_line(line):
    """One character that is no part of "..." becomes another one"""
    kept = [position for position in range(len(line)) if line[position] not in ". "]
    at = kept[len(kept) // 2]
    return line[:at] + ("x" if line[at] != "x" else "y") + line[at + 1:]


def alter(path, reports):
    outputs = read_outputs(reports)
    altered, overlooked, known = 0, [], {}
    for number, command in enumerate(read_commands(path)):
        problem_of(command, outputs.get(number), known)
        for position, line in enumerate(command.expected):
            if number not in outputs or not line.strip(". "):
                continue
            expected = command.expected.copy()
            expected[position] = alter_line(line)
            altered += 1
            if command.accepts(outputs[number][1], dict(known), expected):
                overlooked.append(f"{command.name()}: {expected[position]}")
    good = altered > 20 and not overlooked
    print(f"{'ok' if good else 'not ok'} - each of {altered} lines of output is looked at")
    for line in overlooked:
        print(f"#   {line}")


verb, *arguments = sys.argv[1:] or [""]
if verb == "commands" and len(arguments) == 2:
    write_commands(*arguments)
elif verb == "compare" and len(arguments) >= 2:
    compare(arguments[0], arguments[1:])
elif verb == "alter" and len(arguments) >= 2:
    alter(arguments[0], arguments[1:])
else:
    sys.exit(__doc__)
