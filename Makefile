# SPDX-License-Identifier: GPL-2.0
# Wiring only: each target is a script, and each script can be run by itself.

EMULATOR_NAME = emulator$(addprefix -,$(filter-out 7.2,$(QEMU)))

help:
	@echo 'make run         everything from nothing to the story: set up, build, boot, show'
	@echo 'make test        everything from nothing to the totals of all tests'
	@echo ''
	@echo 'make shell       a shell in the VM'
	@echo 'make test-mutants  break emulator, tests, kernel and tool; do the tests notice?'
	@echo 'make test-debug  tests of the kernel on one that checks itself'
	@echo 'make test-kcsan  the same on one that looks for data races in our code'
	@echo 'make test-coverage  how much of our kernel code do the tests execute?'
	@echo 'make soak        random operations, calls and power cuts for hours; SEED=N'
	@echo 'make bench-emulator  what the emulator costs, against its limits'
	@echo 'make bench       what bound files cost: instructions, ratios, limits'
	@echo 'make check       the gates only: licences, shell, patches, configuration'
	@echo 'make setup       install the Debian packages that are missing'
	@echo 'make kernel      build/kernel/       (VARIANT=debug: the self-checking one)'
	@echo 'make emulator    build/emulator/     (QEMU=10.0: build/emulator-10.0/)'
	@echo 'make test-emulator  tests of the emulator alone  (QEMU=10.0: of that one)'
	@echo 'make programs    build/test/         test programs'
	@echo 'make initramfs   build/initramfs.cpio.gz'
	@echo 'make export      build/export/: the kernel series for git am, and how to build it'
	@echo 'make deb         build/deb/: Debian packages of tool and library, installed and removed once'
	@echo 'make clean       remove build/       (cache and sources stay)'
	@echo 'make clean-cache remove the cache: sources, trees, results'
	@echo ''
	@echo 'LINUX_SRC=, QEMU_SRC=  sources by path instead of the network (README.md)'
	@echo 'JOBS=                  parallel compilers; default: all CPUs'

run: prepare
	@vm/story.sh

test: prepare
	@scripts/test.sh

test-emulator: emulator
	@test/emulator/run.sh --qemu build/$(EMULATOR_NAME)/qemu-system-x86_64 \
		--out build/$(EMULATOR_NAME)-tests

test-mutants: prepare
	@scripts/mutants-emulator.sh
	@scripts/mutants.sh
	@scripts/mutants-tools.sh

test-debug: prepare
	@scripts/test-debug.sh

test-kcsan: prepare
	@scripts/test-kcsan.sh

test-coverage: prepare
	@scripts/coverage.sh

soak: prepare
	@test/soak/run.sh --long $(addprefix --seed ,$(SEED))

bench-emulator: setup emulator kernel
	@VARIANT=unpatched scripts/emulator.sh
	@test/emulator/bench.sh --qemu build/emulator/qemu-system-x86_64 --out build/emulator-bench \
		--unpatched build/emulator-unpatched/qemu-system-x86_64 --kernel build/kernel/bzImage

bench: prepare
	@scripts/bench.sh
	@scripts/bench-fio.sh

shell: prepare
	@$(MAKE) -s -C test/tools
	@vm/run.sh --shell --add build/test/tools:/tools

check: setup emulator kernel
	@scripts/check.sh

prepare: setup emulator kernel initramfs

setup:
	@scripts/setup.sh

emulator: setup
	@scripts/emulator.sh

kernel: setup
	@scripts/kernel.sh

programs: setup
	@scripts/programs.sh

initramfs: programs
	@scripts/initramfs.sh

export: setup
	@scripts/export.sh

deb: setup
	@scripts/deb.sh check

clean:
	rm -rf build

clean-cache:
	@scripts/clean-cache.sh

.NOTPARALLEL:
.PHONY: help run test test-emulator test-mutants soak test-debug test-kcsan test-coverage bench bench-emulator shell check prepare setup emulator kernel programs initramfs export deb clean clean-cache
