/*
 * Under -flto, members that only newlib names (_write for printf) must be taken out of the core's
 * archive before the optimizer runs: a printf that it sees is no reference yet. lto.specs then pulls
 * this member, whose words name them. The words lie in a section that nobody uses, so what is not
 * needed after all is dropped with it.
 */
  .syntax unified
  .global mlbench_lto_roots
  .set mlbench_lto_roots, 0

  .section .rodata.mlbench_lto_roots, "a", %progbits
  .align 2
  .word _write
  .word _read
  .word _sbrk
  .word _exit
  .word abort
  .word _fini
  .word __assert_func
