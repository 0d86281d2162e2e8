/*
 * The processor's own registers and instructions, under the names that Arm's CMSIS-Core gives them and that
 * sketches use: DWT->CYCCNT, __WFI(), NVIC_SystemReset(). Written from the Armv7-M Architecture Reference
 * Manual (DDI 0403E); sections are its own. Nothing of it is in an image that does not use it.
 *
 * A library may bring CMSIS itself, after this or before: registers are macros, whose types have names of their
 * own; functions are templates in C++, which a function of the same name goes before.
 */
#ifndef MLBENCH_CORTEX_H
#define MLBENCH_CORTEX_H

#include <stdint.h>

#ifdef __cplusplus
/* Libraries include it within extern "C" too. */
extern "C++" {
#endif

#ifndef __CORE_CM4_H_GENERIC

/* System control block: B3.2. */
typedef struct {
  volatile uint32_t CPUID, ICSR, VTOR, AIRCR, SCR, CCR;
  volatile uint8_t SHP[12];
  volatile uint32_t SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR, PFR[2], DFR, ADR, MMFR[4], ISAR[5];
  uint32_t mlbench_reserved[5];
  volatile uint32_t CPACR;
} mlbench_SCB;

/* SysTick: B3.3. */
typedef struct {
  volatile uint32_t CTRL, LOAD, VAL, CALIB;
} mlbench_SysTick;

/* NVIC: B3.4. */
typedef struct {
  volatile uint32_t ISER[8];
  uint32_t mlbench_reserved0[24];
  volatile uint32_t ICER[8];
  uint32_t mlbench_reserved1[24];
  volatile uint32_t ISPR[8];
  uint32_t mlbench_reserved2[24];
  volatile uint32_t ICPR[8];
  uint32_t mlbench_reserved3[24];
  volatile uint32_t IABR[8];
  uint32_t mlbench_reserved4[56];
  volatile uint8_t IP[240];
  uint32_t mlbench_reserved5[644];
  volatile uint32_t STIR;
} mlbench_NVIC;

/* Data watchpoint and trace: C1.8. */
typedef struct {
  volatile uint32_t CTRL, CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT, PCSR;
  volatile uint32_t COMP0, MASK0, FUNCTION0;
  uint32_t mlbench_reserved0;
  volatile uint32_t COMP1, MASK1, FUNCTION1;
  uint32_t mlbench_reserved1;
  volatile uint32_t COMP2, MASK2, FUNCTION2;
  uint32_t mlbench_reserved2;
  volatile uint32_t COMP3, MASK3, FUNCTION3;
} mlbench_DWT;

/* Debug: C1.6. */
typedef struct {
  volatile uint32_t DHCSR, DCRSR, DCRDR, DEMCR;
} mlbench_CoreDebug;

/* Floating point: B3.2. */
typedef struct {
  uint32_t mlbench_reserved;
  volatile uint32_t FPCCR, FPCAR, FPDSCR, MVFR0, MVFR1;
} mlbench_FPU;

#define SysTick ((mlbench_SysTick *)0xE000E010u)
#define NVIC ((mlbench_NVIC *)0xE000E100u)
#define SCB ((mlbench_SCB *)0xE000ED00u)
#define CoreDebug ((mlbench_CoreDebug *)0xE000EDF0u)
#define FPU ((mlbench_FPU *)0xE000EF30u)
#define DWT ((mlbench_DWT *)0xE0001000u)

/* AIRCR, SCR, CCR, ICSR, SHCSR, CPACR: B3.2. */
#define SCB_ICSR_VECTACTIVE_Msk 0x1FFu
#define SCB_ICSR_PENDSTCLR_Msk (1u << 25)
#define SCB_ICSR_PENDSTSET_Msk (1u << 26)
#define SCB_ICSR_PENDSVCLR_Msk (1u << 27)
#define SCB_ICSR_PENDSVSET_Msk (1u << 28)
#define SCB_AIRCR_VECTKEY_Pos 16u
#define SCB_AIRCR_PRIGROUP_Msk (7u << 8)
#define SCB_AIRCR_SYSRESETREQ_Msk (1u << 2)
#define SCB_SCR_SLEEPONEXIT_Msk (1u << 1)
#define SCB_SCR_SLEEPDEEP_Msk (1u << 2)
#define SCB_SCR_SEVONPEND_Msk (1u << 4)
#define SCB_CCR_UNALIGN_TRP_Msk (1u << 3)
#define SCB_CCR_DIV_0_TRP_Msk (1u << 4)
#define SCB_SHCSR_MEMFAULTENA_Msk (1u << 16)
#define SCB_SHCSR_BUSFAULTENA_Msk (1u << 17)
#define SCB_SHCSR_USGFAULTENA_Msk (1u << 18)
/* SYST_CSR, SYST_RVR, SYST_CVR: B3.3. */
#define SysTick_CTRL_ENABLE_Msk 1u
#define SysTick_CTRL_TICKINT_Msk (1u << 1)
#define SysTick_CTRL_CLKSOURCE_Msk (1u << 2)
#define SysTick_CTRL_COUNTFLAG_Msk (1u << 16)
#define SysTick_LOAD_RELOAD_Msk 0xFFFFFFu
#define SysTick_VAL_CURRENT_Msk 0xFFFFFFu
/* DWT_CTRL: C1.8. DEMCR, DHCSR: C1.6. */
#define DWT_CTRL_CYCCNTENA_Pos 0u
#define DWT_CTRL_CYCCNTENA_Msk 1u
#define DWT_CTRL_NOCYCCNT_Msk (1u << 25)
#define CoreDebug_DEMCR_TRCENA_Pos 24u
#define CoreDebug_DEMCR_TRCENA_Msk (1u << 24)
#define CoreDebug_DHCSR_C_DEBUGEN_Msk 1u

/* Three bits of priority: nRF52840 Product Specification v1.7, section 4.3 "CPU". */
#ifndef __NVIC_PRIO_BITS
#define __NVIC_PRIO_BITS 3u
#endif

#ifdef __cplusplus
extern "C" {
#endif
/* The frequency of the processor in Hz. */
extern uint32_t SystemCoreClock;
void mlbench_set_vector(int irq, uint32_t handler);
#ifdef __cplusplus
}
#endif

#endif

#define MLBENCH_INLINE static inline __attribute__((always_inline, unused))
#ifdef __cplusplus
#define MLBENCH_CORTEX(type, name, ...) \
  template <typename... Nothing>        \
  MLBENCH_INLINE type name(__VA_ARGS__, Nothing...)
#define MLBENCH_CORTEX_0(type, name) \
  template <typename... Nothing>     \
  MLBENCH_INLINE type name(Nothing...)
#else
#define MLBENCH_CORTEX(type, name, ...) MLBENCH_INLINE type name(__VA_ARGS__)
#define MLBENCH_CORTEX_0(type, name) MLBENCH_INLINE type name(void)
#endif

#ifndef __CMSIS_GCC_H

/* Instructions without operands: A7.7. */
#define MLBENCH_PLAIN(name, text) \
  MLBENCH_CORTEX_0(void, name) { __asm volatile(text : : : "memory"); }
MLBENCH_PLAIN(__ISB, "isb")
MLBENCH_PLAIN(__DSB, "dsb")
MLBENCH_PLAIN(__DMB, "dmb")
MLBENCH_PLAIN(__CLREX, "clrex")
MLBENCH_PLAIN(__enable_irq, "cpsie i")
MLBENCH_PLAIN(__disable_irq, "cpsid i")
MLBENCH_PLAIN(__enable_fault_irq, "cpsie f")
MLBENCH_PLAIN(__disable_fault_irq, "cpsid f")
/* Macros in CMSIS too. */
#define __NOP() __asm volatile("nop")
#define __WFI() __asm volatile("wfi" : : : "memory")
#define __WFE() __asm volatile("wfe" : : : "memory")
#define __SEV() __asm volatile("sev")
#define __BKPT(value) __asm volatile("bkpt " #value)
#define __COMPILER_BARRIER() __asm volatile("" : : : "memory")

/* Special registers: B1.4; MRS and MSR: B5.2. */
#define MLBENCH_GET(name, special)           \
  MLBENCH_CORTEX_0(uint32_t, name) {         \
    uint32_t value;                          \
    __asm volatile("mrs %0, " special : "=r"(value)); \
    return value;                            \
  }
#define MLBENCH_SET(name, special) \
  MLBENCH_CORTEX(void, name, uint32_t value) { __asm volatile("msr " special ", %0" : : "r"(value) : "memory"); }
MLBENCH_GET(__get_PRIMASK, "primask")
MLBENCH_SET(__set_PRIMASK, "primask")
MLBENCH_GET(__get_BASEPRI, "basepri")
MLBENCH_SET(__set_BASEPRI, "basepri")
MLBENCH_GET(__get_FAULTMASK, "faultmask")
MLBENCH_SET(__set_FAULTMASK, "faultmask")
MLBENCH_GET(__get_CONTROL, "control")
MLBENCH_SET(__set_CONTROL, "control")
MLBENCH_GET(__get_MSP, "msp")
MLBENCH_SET(__set_MSP, "msp")
MLBENCH_GET(__get_PSP, "psp")
MLBENCH_SET(__set_PSP, "psp")
MLBENCH_GET(__get_IPSR, "ipsr")
MLBENCH_GET(__get_APSR, "apsr")
MLBENCH_GET(__get_xPSR, "xpsr")

/* FPSCR: A2.5. */
MLBENCH_CORTEX_0(uint32_t, __get_FPSCR) {
  uint32_t value;
  __asm volatile("vmrs %0, fpscr" : "=r"(value));
  return value;
}
MLBENCH_CORTEX(void, __set_FPSCR, uint32_t value) { __asm volatile("vmsr fpscr, %0" : : "r"(value) : "memory"); }

/* One operand: A7.7, under the name of each instruction. */
#define MLBENCH_ONE(name, instruction)                                \
  MLBENCH_CORTEX(uint32_t, name, uint32_t operand) {                  \
    uint32_t result;                                                  \
    __asm(instruction " %0, %1" : "=r"(result) : "r"(operand));       \
    return result;                                                    \
  }
MLBENCH_ONE(__REV, "rev")
MLBENCH_ONE(__REV16, "rev16")
MLBENCH_ONE(__RBIT, "rbit")
MLBENCH_ONE(__SXTB16, "sxtb16")
MLBENCH_ONE(__UXTB16, "uxtb16")
MLBENCH_CORTEX(int16_t, __REVSH, int16_t operand) { return (int16_t)__builtin_bswap16((uint16_t)operand); }
MLBENCH_CORTEX(uint8_t, __CLZ, uint32_t operand) { return operand ? (uint8_t)__builtin_clz(operand) : 32u; }
MLBENCH_CORTEX(uint32_t, __ROR, uint32_t operand, uint32_t by) {
  by &= 31u;
  return by ? (operand >> by) | (operand << (32u - by)) : operand;
}
/* The operand is rotated by the instruction itself, where the compiler knows by how much: A7.7. */
#define MLBENCH_ROTATED(by, ...)        \
  if (__builtin_constant_p(by) && (by) == 8u) { \
    __asm(__VA_ARGS__(8));              \
  } else if (__builtin_constant_p(by) && (by) == 16u) { \
    __asm(__VA_ARGS__(16));             \
  } else if (__builtin_constant_p(by) && (by) == 24u) { \
    __asm(__VA_ARGS__(24));             \
  } else
#define MLBENCH_SXTB16(by) "sxtb16 %0, %1, ror #" #by : "=r"(result) : "r"(operand)
#define MLBENCH_SXTAB16(by) "sxtab16 %0, %1, %2, ror #" #by : "=r"(result) : "r"(sum), "r"(operand)
MLBENCH_CORTEX(uint32_t, __SXTB16_RORn, uint32_t operand, uint32_t by) {
  uint32_t result;
  MLBENCH_ROTATED(by, MLBENCH_SXTB16) {
    operand = __ROR(operand, by);
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(operand));
  }
  return result;
}
MLBENCH_CORTEX(uint32_t, __SXTAB16_RORn, uint32_t sum, uint32_t operand, uint32_t by) {
  uint32_t result;
  MLBENCH_ROTATED(by, MLBENCH_SXTAB16) {
    operand = __ROR(operand, by);
    __asm("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sum), "r"(operand));
  }
  return result;
}
/* The width is part of the instruction: A7.7, SSAT and USAT. */
#define __SSAT(operand, width)                                                         \
  __extension__({                                                                      \
    int32_t mlbench_result;                                                            \
    __asm("ssat %0, %1, %2" : "=r"(mlbench_result) : "I"(width), "r"((int32_t)(operand)) : "cc"); \
    mlbench_result;                                                                    \
  })
#define __USAT(operand, width)                                                         \
  __extension__({                                                                      \
    uint32_t mlbench_result;                                                           \
    __asm("usat %0, %1, %2" : "=r"(mlbench_result) : "I"(width), "r"((int32_t)(operand)) : "cc"); \
    mlbench_result;                                                                    \
  })

/* The DSP extension, two operands and three: A7.7, each under its own name. */
#define MLBENCH_TWO(name, instruction)                                                    \
  MLBENCH_CORTEX(uint32_t, name, uint32_t a, uint32_t b) {                                \
    uint32_t result;                                                                      \
    __asm volatile(instruction " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b) : "cc");     \
    return result;                                                                        \
  }
#define MLBENCH_THREE(name, instruction)                                                  \
  MLBENCH_CORTEX(uint32_t, name, uint32_t a, uint32_t b, uint32_t c) {                    \
    uint32_t result;                                                                      \
    __asm volatile(instruction " %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c) : "cc"); \
    return result;                                                                        \
  }
MLBENCH_TWO(__SADD8, "sadd8")
MLBENCH_TWO(__QADD8, "qadd8")
MLBENCH_TWO(__SHADD8, "shadd8")
MLBENCH_TWO(__UADD8, "uadd8")
MLBENCH_TWO(__SSUB8, "ssub8")
MLBENCH_TWO(__QSUB8, "qsub8")
MLBENCH_TWO(__USUB8, "usub8")
MLBENCH_TWO(__SADD16, "sadd16")
MLBENCH_TWO(__QADD16, "qadd16")
MLBENCH_TWO(__SHADD16, "shadd16")
MLBENCH_TWO(__UADD16, "uadd16")
MLBENCH_TWO(__SSUB16, "ssub16")
MLBENCH_TWO(__QSUB16, "qsub16")
MLBENCH_TWO(__SHSUB16, "shsub16")
MLBENCH_TWO(__USUB16, "usub16")
MLBENCH_TWO(__USAD8, "usad8")
MLBENCH_TWO(__SEL, "sel")
MLBENCH_TWO(__SXTAB16, "sxtab16")
MLBENCH_TWO(__UXTAB16, "uxtab16")
MLBENCH_TWO(__SMUAD, "smuad")
MLBENCH_TWO(__SMUADX, "smuadx")
MLBENCH_TWO(__SMUSD, "smusd")
MLBENCH_TWO(__SMUSDX, "smusdx")
MLBENCH_THREE(__SMLAD, "smlad")
MLBENCH_THREE(__SMLADX, "smladx")
MLBENCH_THREE(__SMLSD, "smlsd")
MLBENCH_THREE(__SMLSDX, "smlsdx")
MLBENCH_THREE(__SMMLA, "smmla")
MLBENCH_THREE(__USADA8, "usada8")
MLBENCH_CORTEX(int32_t, __QADD, int32_t a, int32_t b) {
  int32_t result;
  __asm volatile("qadd %0, %1, %2" : "=r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}
MLBENCH_CORTEX(int32_t, __QSUB, int32_t a, int32_t b) {
  int32_t result;
  __asm volatile("qsub %0, %1, %2" : "=r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}
MLBENCH_CORTEX(uint64_t, __SMLALD, uint32_t a, uint32_t b, uint64_t sum) {
  uint32_t low = (uint32_t)sum, high = (uint32_t)(sum >> 32);
  __asm volatile("smlald %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(a), "r"(b) : "cc");
  return ((uint64_t)high << 32) | low;
}
#define __PKHBT(a, b, shift) \
  ((((uint32_t)(a)) & 0x0000FFFFu) | ((((uint32_t)(b)) << (shift)) & 0xFFFF0000u))
#define __PKHTB(a, b, shift) \
  ((((uint32_t)(a)) & 0xFFFF0000u) | ((uint32_t)(((int32_t)(b)) >> (shift)) & 0x0000FFFFu))

/* Exclusive access: A3.4. */
#define MLBENCH_EXCLUSIVE(width, bits, suffix)                                              \
  MLBENCH_CORTEX(uint##bits##_t, __LDREX##width, volatile uint##bits##_t *address) {        \
    uint32_t value;                                                                         \
    __asm volatile("ldrex" suffix " %0, %1" : "=r"(value) : "Q"(*address));                 \
    return (uint##bits##_t)value;                                                           \
  }                                                                                         \
  MLBENCH_CORTEX(uint32_t, __STREX##width, uint##bits##_t value, volatile uint##bits##_t *address) { \
    uint32_t failed;                                                                        \
    __asm volatile("strex" suffix " %0, %2, %1" : "=&r"(failed), "=Q"(*address) : "r"((uint32_t)value)); \
    return failed;                                                                          \
  }
MLBENCH_EXCLUSIVE(W, 32, "")
MLBENCH_EXCLUSIVE(H, 16, "h")
MLBENCH_EXCLUSIVE(B, 8, "b")

#endif

#ifndef __CORE_CM4_H_GENERIC

/* Interrupts by their number, those of the processor are negative: B1.5, B3.4. */
MLBENCH_CORTEX(void, NVIC_EnableIRQ, int irq) {
  if (irq >= 0) {
    NVIC->ISER[irq >> 5] = 1u << (irq & 31);
  }
}
MLBENCH_CORTEX(void, NVIC_DisableIRQ, int irq) {
  if (irq >= 0) {
    NVIC->ICER[irq >> 5] = 1u << (irq & 31);
    __asm volatile("dsb\n\tisb" : : : "memory");
  }
}
MLBENCH_CORTEX(uint32_t, NVIC_GetEnableIRQ, int irq) {
  return irq >= 0 ? (NVIC->ISER[irq >> 5] >> (irq & 31)) & 1u : 0u;
}
MLBENCH_CORTEX(uint32_t, NVIC_GetPendingIRQ, int irq) {
  return irq >= 0 ? (NVIC->ISPR[irq >> 5] >> (irq & 31)) & 1u : 0u;
}
MLBENCH_CORTEX(void, NVIC_SetPendingIRQ, int irq) {
  if (irq >= 0) {
    NVIC->ISPR[irq >> 5] = 1u << (irq & 31);
  }
}
MLBENCH_CORTEX(void, NVIC_ClearPendingIRQ, int irq) {
  if (irq >= 0) {
    NVIC->ICPR[irq >> 5] = 1u << (irq & 31);
  }
}
MLBENCH_CORTEX(uint32_t, NVIC_GetActive, int irq) {
  return irq >= 0 ? (NVIC->IABR[irq >> 5] >> (irq & 31)) & 1u : 0u;
}
MLBENCH_CORTEX(void, NVIC_SetPriority, int irq, uint32_t priority) {
  uint8_t value = (uint8_t)(priority << (8u - __NVIC_PRIO_BITS));
  if (irq >= 0) {
    NVIC->IP[irq] = value;
  } else {
    SCB->SHP[(irq & 15) - 4] = value;
  }
}
MLBENCH_CORTEX(uint32_t, NVIC_GetPriority, int irq) {
  return (irq >= 0 ? NVIC->IP[irq] : SCB->SHP[(irq & 15) - 4]) >> (8u - __NVIC_PRIO_BITS);
}
/* VTOR: B3.2.5. The first vector that is set moves the table into RAM. */
MLBENCH_CORTEX(void, NVIC_SetVector, int irq, uint32_t handler) { mlbench_set_vector(irq, handler); }
MLBENCH_CORTEX(uint32_t, NVIC_GetVector, int irq) { return ((volatile uint32_t *)SCB->VTOR)[irq + 16]; }
/* AIRCR takes a write with its key alone: B3.2. */
MLBENCH_CORTEX_0(void, NVIC_SystemReset) {
  __asm volatile("dsb" : : : "memory");
  SCB->AIRCR = (0x5FAu << SCB_AIRCR_VECTKEY_Pos) | (SCB->AIRCR & SCB_AIRCR_PRIGROUP_Msk) | SCB_AIRCR_SYSRESETREQ_Msk;
  __asm volatile("dsb" : : : "memory");
  for (;;) {
  }
}
/* B3.3; 1 where the count does not fit the timer's 24 bits. */
MLBENCH_CORTEX(uint32_t, SysTick_Config, uint32_t ticks) {
  if (ticks - 1u > SysTick_LOAD_RELOAD_Msk) {
    return 1u;
  }
  SysTick->LOAD = ticks - 1u;
  SCB->SHP[11] = (uint8_t)(0xFFu << (8u - __NVIC_PRIO_BITS));
  SysTick->VAL = 0u;
  SysTick->CTRL = SysTick_CTRL_CLKSOURCE_Msk | SysTick_CTRL_TICKINT_Msk | SysTick_CTRL_ENABLE_Msk;
  return 0u;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
