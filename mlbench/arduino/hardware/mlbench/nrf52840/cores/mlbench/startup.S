/*
 * Vector table and the way from reset to mlbench_start(). In assembly, so that link-time
 * optimization leaves the weak names of the handlers alone.
 */
  .syntax unified
  .cpu cortex-m4
  .thumb

  .section .vectors, "a", %progbits
  .align 8
  .word __StackTop
  .word Reset_Handler
  .word NMI_Handler
  .word HardFault_Handler
  .word MemManage_Handler
  .word BusFault_Handler
  .word UsageFault_Handler
  .word 0
  .word 0
  .word 0
  .word 0
  .word SVC_Handler
  .word DebugMon_Handler
  .word 0
  .word PendSV_Handler
  .word SysTick_Handler
  /* nRF52840 Product Specification, section 4.2.4 "Instantiation": interrupt n is peripheral ID n. */
  .word POWER_CLOCK_IRQHandler
  .word RADIO_IRQHandler
  .word UARTE0_UART0_IRQHandler
  .word SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQHandler
  .word SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQHandler
  .word NFCT_IRQHandler
  .word GPIOTE_IRQHandler
  .word SAADC_IRQHandler
  .word TIMER0_IRQHandler
  .word TIMER1_IRQHandler
  .word TIMER2_IRQHandler
  .word RTC0_IRQHandler
  .word TEMP_IRQHandler
  .word RNG_IRQHandler
  .word ECB_IRQHandler
  .word CCM_AAR_IRQHandler
  .word WDT_IRQHandler
  .word RTC1_IRQHandler
  .word QDEC_IRQHandler
  .word COMP_LPCOMP_IRQHandler
  .word SWI0_EGU0_IRQHandler
  .word SWI1_EGU1_IRQHandler
  .word SWI2_EGU2_IRQHandler
  .word SWI3_EGU3_IRQHandler
  .word SWI4_EGU4_IRQHandler
  .word SWI5_EGU5_IRQHandler
  .word TIMER3_IRQHandler
  .word TIMER4_IRQHandler
  .word PWM0_IRQHandler
  .word PDM_IRQHandler
  .word 0
  .word 0
  .word MWU_IRQHandler
  .word PWM1_IRQHandler
  .word PWM2_IRQHandler
  .word SPIM2_SPIS2_SPI2_IRQHandler
  .word RTC2_IRQHandler
  .word I2S_IRQHandler
  .word FPU_IRQHandler
  .word USBD_IRQHandler
  .word UARTE1_IRQHandler
  .word QSPI_IRQHandler
  .word CRYPTOCELL_IRQHandler
  .word 0
  .word 0
  .word PWM3_IRQHandler
  .word 0
  .word SPIM3_IRQHandler

  .section .text.mlbench_start.reset, "ax", %progbits
  .align 2
  .global Reset_Handler
  .type Reset_Handler, %function
  .thumb_func
Reset_Handler:
  /* A bootloader may have left its own stack: ours is the main stack at the top of RAM. */
  movs r0, #0
  msr control, r0
  ldr r0, =__StackTop
  mov sp, r0
  /* Full access to the FPU, CP10 and CP11 of CPACR: Armv7-M ARM, B3.2.20. */
  ldr r0, =0xE000ED88
  ldr r1, [r0]
  orr r1, r1, #(0xF << 20)
  str r1, [r0]
  dsb
  isb
  /* VTOR: Armv7-M ARM, B3.2.5. */
  ldr r0, =0xE000ED08
  ldr r1, =__vectors
  str r1, [r0]
  /* NVMC.ICACHECNF (section 4.3): instruction cache on, as the Nano's bootloader leaves it. */
  ldr r0, =0x4001E540
  movs r1, #1
  str r1, [r0]
  ldr r0, =__data_start__
  ldr r1, =__data_end__
  ldr r2, =__data_load__
1:
  cmp r0, r1
  ittt lo
  ldrlo r3, [r2], #4
  strlo r3, [r0], #4
  blo 1b
  ldr r0, =__bss_start__
  ldr r1, =__bss_end__
  movs r2, #0
2:
  cmp r0, r1
  itt lo
  strlo r2, [r0], #4
  blo 2b
  bl mlbench_start
  b .
  .ltorg
  .size Reset_Handler, . - Reset_Handler

/*
 * Each handler that nobody defines is a loop of its own, so that a look at the program counter
 * names what happened. Defining a function of the same name replaces it.
 */
  .macro loop name
  .weak \name
  .type \name, %function
  .thumb_func
\name:
  b .
  .size \name, . - \name
  .endm

  .section .text.mlbench_start.handlers, "ax", %progbits
  .align 1
  loop NMI_Handler
  loop HardFault_Handler
  loop MemManage_Handler
  loop BusFault_Handler
  loop UsageFault_Handler
  loop SVC_Handler
  loop DebugMon_Handler
  loop PendSV_Handler
  loop SysTick_Handler
  loop POWER_CLOCK_IRQHandler
  loop RADIO_IRQHandler
  loop UARTE0_UART0_IRQHandler
  loop SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQHandler
  loop SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQHandler
  loop NFCT_IRQHandler
  loop GPIOTE_IRQHandler
  loop SAADC_IRQHandler
  loop TIMER0_IRQHandler
  loop TIMER1_IRQHandler
  loop TIMER2_IRQHandler
  loop RTC0_IRQHandler
  loop TEMP_IRQHandler
  loop RNG_IRQHandler
  loop ECB_IRQHandler
  loop CCM_AAR_IRQHandler
  loop WDT_IRQHandler
  loop RTC1_IRQHandler
  loop QDEC_IRQHandler
  loop COMP_LPCOMP_IRQHandler
  loop SWI0_EGU0_IRQHandler
  loop SWI1_EGU1_IRQHandler
  loop SWI2_EGU2_IRQHandler
  loop SWI3_EGU3_IRQHandler
  loop SWI4_EGU4_IRQHandler
  loop SWI5_EGU5_IRQHandler
  loop TIMER3_IRQHandler
  loop TIMER4_IRQHandler
  loop PWM0_IRQHandler
  loop PDM_IRQHandler
  loop MWU_IRQHandler
  loop PWM1_IRQHandler
  loop PWM2_IRQHandler
  loop SPIM2_SPIS2_SPI2_IRQHandler
  loop RTC2_IRQHandler
  loop I2S_IRQHandler
  loop FPU_IRQHandler
  loop USBD_IRQHandler
  loop UARTE1_IRQHandler
  loop QSPI_IRQHandler
  loop CRYPTOCELL_IRQHandler
  loop PWM3_IRQHandler
  loop SPIM3_IRQHandler
