/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a page of code as they were before it was translated
 *
 * For tb_gen_code(): the page is not watched for writes yet, and nobody is to write to it
 * unnoticed. There is no lock that would do: it has to be taken for two pages, of which the
 * second is known in the midst of translation only.
 */
#ifndef EXEC_CODE_COPY_H
#define EXEC_CODE_COPY_H

typedef struct CodeCopy {
    uint8_t bytes[TARGET_PAGE_SIZE];
    size_t len;
} CodeCopy;

/* @code is where @pc is in the host, or NULL if that is no memory: nothing is compared then. */
static inline void code_copy_take(CodeCopy *copy, const void *code, target_ulong pc)
{
    copy->len = 0;
    if (code) {
        copy->len = TARGET_PAGE_SIZE - (pc & ~TARGET_PAGE_MASK);
        memcpy(copy->bytes, code, copy->len);
    }
}

/* After tb_link_page(): what is written from now on invalidates @tb by itself. */
static inline bool code_copy_is_old(const CodeCopy *copy, const void *code,
                                    const TranslationBlock *tb)
{
    return copy->len && memcmp(copy->bytes, code, MIN(copy->len, tb->size));
}

#endif
