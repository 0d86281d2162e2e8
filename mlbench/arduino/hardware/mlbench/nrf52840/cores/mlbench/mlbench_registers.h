/*
 * The registers this core uses, and no others. Section numbers are those of the nRF52840 Product
 * Specification v1.7; offsets of the system control space are in the Armv7-M Architecture Reference
 * Manual (DDI 0403E), section B3.2.
 */
#ifndef MLBENCH_REGISTERS_H
#define MLBENCH_REGISTERS_H

#include <stdint.h>

#define MLB_REG(address) (*(volatile uint32_t *)(address))
#define MLB_PTR(pointer) ((uint32_t)(uintptr_t)(pointer))

/* NVIC and system control: Armv7-M ARM, B3.4 and B3.2. */
#define MLB_NVIC_ISER(n) MLB_REG(0xE000E100u + 4u * (n))
#define MLB_NVIC_ICER(n) MLB_REG(0xE000E180u + 4u * (n))
#define MLB_NVIC_ICPR(n) MLB_REG(0xE000E280u + 4u * (n))

/* CLOCK: section 5.4. */
#define CLOCK_TASKS_HFCLKSTART MLB_REG(0x40000000u)
#define CLOCK_TASKS_LFCLKSTART MLB_REG(0x40000008u)
#define CLOCK_LFCLKSRC MLB_REG(0x40000518u)
#define CLOCK_LFCLKSRC_XTAL 1u

/* GPIO: section 6.9. P0 and P1 lie 0x300 apart. */
#define MLB_PORT(gpio) (0x50000000u + 0x300u * ((gpio) >> 5))
#define GPIO_OUTSET(gpio) MLB_REG(MLB_PORT(gpio) + 0x508u)
#define GPIO_OUTCLR(gpio) MLB_REG(MLB_PORT(gpio) + 0x50Cu)
#define GPIO_IN(gpio) MLB_REG(MLB_PORT(gpio) + 0x510u)
#define GPIO_PIN_CNF(gpio) MLB_REG(MLB_PORT(gpio) + 0x700u + 4u * ((gpio) & 31u))
#define GPIO_BIT(gpio) (1u << ((gpio) & 31u))
#define PIN_CNF_OUTPUT (1u << 0)
#define PIN_CNF_INPUT_DISCONNECT (1u << 1)
#define PIN_CNF_PULLDOWN (1u << 2)
#define PIN_CNF_PULLUP (3u << 2)
#define PIN_CNF_SENSE_HIGH (2u << 16)
#define PIN_CNF_SENSE_LOW (3u << 16)
#define PIN_CNF_SENSE_MASK (3u << 16)

/* GPIOTE: section 6.10. */
#define GPIOTE_IRQ 6u
#define GPIOTE_EVENTS_IN(n) MLB_REG(0x40006100u + 4u * (n))
#define GPIOTE_EVENTS_PORT MLB_REG(0x4000617Cu)
#define GPIOTE_INTENSET MLB_REG(0x40006304u)
#define GPIOTE_INTENCLR MLB_REG(0x40006308u)
#define GPIOTE_CONFIG(n) MLB_REG(0x40006510u + 4u * (n))
#define GPIOTE_INT_PORT (1u << 31)
#define GPIOTE_CONFIG_EVENT 1u
#define GPIOTE_CONFIG_PSEL 8u
#define GPIOTE_CONFIG_POLARITY 16u
#define GPIOTE_LO_TO_HI 1u
#define GPIOTE_HI_TO_LO 2u
#define GPIOTE_TOGGLE 3u

/* SAADC: section 6.23. */
#define SAADC_TASKS_START MLB_REG(0x40007000u)
#define SAADC_TASKS_SAMPLE MLB_REG(0x40007004u)
#define SAADC_TASKS_STOP MLB_REG(0x40007008u)
#define SAADC_EVENTS_STARTED MLB_REG(0x40007100u)
#define SAADC_EVENTS_END MLB_REG(0x40007104u)
#define SAADC_EVENTS_STOPPED MLB_REG(0x40007114u)
#define SAADC_ENABLE MLB_REG(0x40007500u)
#define SAADC_CH0_PSELP MLB_REG(0x40007510u)
#define SAADC_CH0_PSELN MLB_REG(0x40007514u)
#define SAADC_CH0_CONFIG MLB_REG(0x40007518u)
#define SAADC_RESOLUTION MLB_REG(0x400075F0u)
#define SAADC_RESULT_PTR MLB_REG(0x4000762Cu)
#define SAADC_RESULT_MAXCNT MLB_REG(0x40007630u)

/* TIMER: section 6.30. */
#define TIMER1_IRQ 9u
#define TIMER1_TASKS_START MLB_REG(0x40009000u)
#define TIMER1_TASKS_STOP MLB_REG(0x40009004u)
#define TIMER1_TASKS_CLEAR MLB_REG(0x4000900Cu)
#define TIMER1_TASKS_CAPTURE(n) MLB_REG(0x40009040u + 4u * (n))
#define TIMER1_EVENTS_COMPARE(n) MLB_REG(0x40009140u + 4u * (n))
#define TIMER1_INTENSET MLB_REG(0x40009304u)
#define TIMER1_INTENCLR MLB_REG(0x40009308u)
#define TIMER1_MODE MLB_REG(0x40009504u)
#define TIMER1_BITMODE MLB_REG(0x40009508u)
#define TIMER1_PRESCALER MLB_REG(0x40009510u)
#define TIMER1_CC(n) MLB_REG(0x40009540u + 4u * (n))
#define TIMER_BITMODE_32 3u
#define TIMER_INT_COMPARE(n) (1u << (16u + (n)))

/* PWM: section 6.17. */
#define PWM0_BASE 0x4001C000u
#define PWM1_BASE 0x40021000u
#define PWM2_BASE 0x40022000u
#define PWM3_BASE 0x4002D000u
#define PWM_SEQSTART0(base) MLB_REG((base) + 0x008u)
#define PWM_ENABLE(base) MLB_REG((base) + 0x500u)
#define PWM_MODE(base) MLB_REG((base) + 0x504u)
#define PWM_COUNTERTOP(base) MLB_REG((base) + 0x508u)
#define PWM_PRESCALER(base) MLB_REG((base) + 0x50Cu)
#define PWM_DECODER(base) MLB_REG((base) + 0x510u)
#define PWM_LOOP(base) MLB_REG((base) + 0x514u)
#define PWM_SEQ0_PTR(base) MLB_REG((base) + 0x520u)
#define PWM_SEQ0_CNT(base) MLB_REG((base) + 0x524u)
#define PWM_SEQ0_REFRESH(base) MLB_REG((base) + 0x528u)
#define PWM_SEQ0_ENDDELAY(base) MLB_REG((base) + 0x52Cu)
#define PWM_PSEL(base, n) MLB_REG((base) + 0x560u + 4u * (n))
#define PWM_DISCONNECTED 0xFFFFFFFFu

/* UARTE0: section 6.34. */
#define UARTE0_IRQ 2u
#define UARTE0_TASKS_STARTRX MLB_REG(0x40002000u)
#define UARTE0_TASKS_STOPRX MLB_REG(0x40002004u)
#define UARTE0_TASKS_STARTTX MLB_REG(0x40002008u)
#define UARTE0_TASKS_STOPTX MLB_REG(0x4000200Cu)
#define UARTE0_EVENTS_ENDRX MLB_REG(0x40002110u)
#define UARTE0_EVENTS_ENDTX MLB_REG(0x40002120u)
#define UARTE0_EVENTS_ERROR MLB_REG(0x40002124u)
#define UARTE0_EVENTS_RXTO MLB_REG(0x40002144u)
#define UARTE0_EVENTS_TXSTOPPED MLB_REG(0x40002158u)
#define UARTE0_INTENSET MLB_REG(0x40002304u)
#define UARTE0_INTENCLR MLB_REG(0x40002308u)
#define UARTE0_ERRORSRC MLB_REG(0x40002480u)
#define UARTE0_ENABLE MLB_REG(0x40002500u)
#define UARTE0_PSEL_TXD MLB_REG(0x4000250Cu)
#define UARTE0_PSEL_RXD MLB_REG(0x40002514u)
#define UARTE0_BAUDRATE MLB_REG(0x40002524u)
#define UARTE0_RXD_PTR MLB_REG(0x40002534u)
#define UARTE0_RXD_MAXCNT MLB_REG(0x40002538u)
#define UARTE0_RXD_AMOUNT MLB_REG(0x4000253Cu)
#define UARTE0_TXD_PTR MLB_REG(0x40002544u)
#define UARTE0_TXD_MAXCNT MLB_REG(0x40002548u)
#define UARTE0_CONFIG MLB_REG(0x4000256Cu)
#define UARTE_INT_ENDRX (1u << 4)
#define UARTE_INT_ENDTX (1u << 8)
#define UARTE_INT_ERROR (1u << 9)
#define UARTE_ENABLED 8u

static inline uint32_t mlbench_irq_save(void) {
  uint32_t primask;
  __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) : : "memory");
  return primask;
}

static inline uint32_t mlbench_irq_masked(void) {
  uint32_t primask;
  __asm volatile("mrs %0, primask" : "=r"(primask));
  return primask;
}

static inline void mlbench_irq_restore(uint32_t primask) {
  __asm volatile("msr primask, %0" : : "r"(primask) : "memory");
}

/*
 * Whether an interrupt, at the priority that all have after reset, would be taken now or after
 * PRIMASK is cleared: not in a handler, nor with BASEPRI set. WFI wakes for it even under PRIMASK
 * (Armv7-M ARM, B1.5.19).
 */
static inline int mlbench_wakeable(void) {
  uint32_t ipsr, basepri;
  __asm volatile("mrs %0, ipsr\n\tmrs %1, basepri" : "=r"(ipsr), "=r"(basepri));
  return (ipsr | basepri) == 0;
}

static inline void mlbench_wfi(void) { __asm volatile("dsb\n\twfi" : : : "memory"); }

static inline void mlbench_irq_enable(uint32_t irq) { MLB_NVIC_ISER(irq >> 5) = 1u << (irq & 31u); }
static inline void mlbench_irq_disable(uint32_t irq) { MLB_NVIC_ICER(irq >> 5) = 1u << (irq & 31u); }

/*
 * An event register is cleared over a bridge: without reading it back the interrupt would be taken
 * again (section 6.1.8 "Interrupts").
 */
static inline void mlbench_event_clear(volatile uint32_t *event) {
  *event = 0;
  (void)*event;
}

#endif
