/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of a bare-metal test: PVH start in 32-bit mode, long mode, exceptions
 *
 * Linear address space (entries made here and in lib.c):
 *	0 .. 512 GiB		the same physical address, KeyID 0
 *	512 GiB .. 1 TiB	8 GiB for each KeyID, see alias() in lib.h
 *	1 TiB ..		4 KiB pages for map_page()
 */
#define STACK_SIZE	32768
#define AP_CODE		0x8000

	.section .note, "a"
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.text
	.code32
	.globl	_start
_start:
	cli
	mov	%ebx, start_info
	mov	$stack_0, %esp
	mov	$identity, %edi		/* 512 pages of 1 GiB */
	xor	%ecx, %ecx
1:	mov	%ecx, %eax
	shl	$30, %eax
	or	$0x83, %eax
	mov	%ecx, %edx
	shr	$2, %edx
	mov	%eax, (%edi, %ecx, 8)
	mov	%edx, 4(%edi, %ecx, 8)
	inc	%ecx
	cmp	$512, %ecx
	jne	1b
	movl	$identity + 3, pml4
	movl	$aliases + 3, pml4 + 8
	movl	$pages_pdpt + 3, pml4 + 16
	movl	$pages_pd + 3, pages_pdpt
	movl	$pages_pt + 3, pages_pd
	call	long_mode_on
	ljmp	$8, $start_64

/* Paging, SSE and AVX on; shared by all CPUs. */
long_mode_on:
	mov	%cr4, %eax
	or	$0x40620, %eax		/* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER */
	rdmsr
	or	$0x900, %eax		/* LME, NXE */
	wrmsr
	mov	$0x80000033, %eax	/* PG, NE, ET, MP, PE */
	mov	%eax, %cr0
	xor	%ecx, %ecx
	mov	$7, %eax		/* x87, SSE, AVX */
	xor	%edx, %edx
	xsetbv
	lgdt	gdt_ptr
	ret

	.code64
start_64:
	call	segments
	call	start_c
1:	hlt
	jmp	1b

segments:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	lidt	idt_ptr
	ret

/*
 * int try(void (*fn)(void *), void *arg): 0, or 1 + vector of the exception
 * that ended fn. One CPU at a time.
 */
	.globl	try
try:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, try_stack
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	xor	%eax, %eax
try_end:
	movq	$0, try_stack
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.macro	vector n, has_code
	.globl	vector_\n
vector_\n:
	.if	\has_code
	pop	fault_code
	.else
	movq	$0, fault_code
	.endif
	mov	$\n + 1, %eax
	jmp	fault
	.endm
	vector	0, 0
	vector	3, 0
	vector	6, 0
	vector	8, 1
	vector	13, 1
	vector	14, 1
	vector	18, 0

fault:
	mov	%cr2, %rcx
	mov	%rcx, fault_address
	mov	try_stack, %rcx
	test	%rcx, %rcx
	jz	1f
	mov	%rcx, %rsp
	jmp	try_end
1:	mov	%eax, %edi
	mov	(%rsp), %rsi
	call	stray_fault

/* The other CPU starts here, copied to AP_CODE. */
	.globl	ap_start, ap_start_end
	.code16
ap_start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	AP_CODE + ap_gdt_ptr - ap_start
	mov	$0x11, %eax
	mov	%eax, %cr0
	ljmpl	$24, $ap_32
ap_gdt_ptr:
	.word	gdt_end - gdt - 1
	.long	gdt
ap_start_end:
	.code32
ap_32:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$stack_1, %esp
	call	long_mode_on
	ljmp	$8, $ap_64
	.code64
ap_64:
	call	segments
	call	ap_c
1:	hlt
	jmp	1b

	.data
	.balign	16
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 8: 64-bit code */
	.quad	0x00cf93000000ffff	/* 16: data */
	.quad	0x00cf9b000000ffff	/* 24: 32-bit code */
	.quad	0x00affb000000ffff	/* 32: user 64-bit code */
	.quad	0x00cff3000000ffff	/* 40: user data */
gdt_end:
gdt_ptr:
	.word	gdt_end - gdt - 1
	.quad	gdt
idt_ptr:
	.word	32 * 16 - 1
	.quad	idt
	.globl	start_info, fault_code, fault_address
start_info:	.quad 0
fault_code:	.quad 0
fault_address:	.quad 0
try_stack:	.quad 0

	.bss
	.balign	4096
	.globl	idt, pml4, aliases, pages_pd, pages_pt
pml4:		.skip 4096
identity:	.skip 4096
aliases:	.skip 4096
pages_pdpt:	.skip 4096
pages_pd:	.skip 4096
pages_pt:	.skip 4096
idt:		.skip 4096
		.skip STACK_SIZE
stack_0:
		.skip STACK_SIZE
stack_1:
