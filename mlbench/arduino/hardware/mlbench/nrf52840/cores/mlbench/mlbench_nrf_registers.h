/*
 * The chip's registers under Nordic's names. Made from the emulator's tables by
 * python -m mlbench.devtools.register_headers: change those, not this.
 */
/* The guard of Nordic's own header: of the two, the first is taken. */
#ifndef NRF52840_H
#define NRF52840_H

#include <stdint.h>

typedef struct {
  volatile uint32_t TASKS_HFCLKSTART;
  volatile uint32_t TASKS_HFCLKSTOP;
  volatile uint32_t TASKS_LFCLKSTART;
  volatile uint32_t TASKS_LFCLKSTOP;
  volatile uint32_t TASKS_CAL;
  volatile uint32_t TASKS_CTSTART;
  volatile uint32_t TASKS_CTSTOP;
  uint32_t mlbench_gap0[23];
  volatile uint32_t TASKS_CONSTLAT;
  volatile uint32_t TASKS_LOWPWR;
  uint32_t mlbench_gap1[32];
  volatile uint32_t EVENTS_HFCLKSTARTED;
  volatile uint32_t EVENTS_LFCLKSTARTED;
  volatile uint32_t EVENTS_POFWARN;
  volatile uint32_t EVENTS_DONE;
  volatile uint32_t EVENTS_CTTO;
  volatile uint32_t EVENTS_SLEEPENTER;
  volatile uint32_t EVENTS_SLEEPEXIT;
  volatile uint32_t EVENTS_USBDETECTED;
  volatile uint32_t EVENTS_USBREMOVED;
  volatile uint32_t EVENTS_USBPWRRDY;
  volatile uint32_t EVENTS_CTSTARTED;
  volatile uint32_t EVENTS_CTSTOPPED;
  uint32_t mlbench_gap2[52];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[61];
  volatile uint32_t RESETREAS;
  uint32_t mlbench_gap5[1];
  volatile uint32_t HFCLKRUN;
  volatile uint32_t HFCLKSTAT;
  uint32_t mlbench_gap6[1];
  volatile uint32_t LFCLKRUN;
  volatile uint32_t LFCLKSTAT;
  volatile uint32_t LFCLKSRCCOPY;
  uint32_t mlbench_gap7[2];
  volatile uint32_t RAMSTATUS;
  uint32_t mlbench_gap8[3];
  volatile uint32_t USBREGSTATUS;
  uint32_t mlbench_gap9[49];
  volatile uint32_t SYSTEMOFF;
  uint32_t mlbench_gap10[3];
  volatile uint32_t POFCON;
  uint32_t mlbench_gap11[1];
  volatile uint32_t LFCLKSRC;
  volatile uint32_t GPREGRET;
  volatile uint32_t GPREGRET2;
  uint32_t mlbench_gap12[1];
  volatile uint32_t HFXODEBOUNCE;
  uint32_t mlbench_gap13[3];
  volatile uint32_t CTIV;
  uint32_t mlbench_gap14[8];
  volatile uint32_t TRACECONFIG;
  uint32_t mlbench_gap15[6];
  volatile uint32_t DCDCEN;
  uint32_t mlbench_gap16[1];
  volatile uint32_t DCDCEN0;
  uint32_t mlbench_gap17[12];
  volatile uint32_t LFRCMODE;
  uint32_t mlbench_gap18[34];
  volatile uint32_t MAINREGSTATUS;
  uint32_t mlbench_gap19[175];
  struct {
    volatile uint32_t POWER;
    volatile uint32_t POWERSET;
    volatile uint32_t POWERCLR;
    uint32_t mlbench_gap0[1];
  } RAM[9];
  uint32_t mlbench_gap20[284];
  volatile uint32_t RAMPRI0;
  volatile uint32_t RAMPRI1;
  volatile uint32_t RAMPRI2;
  volatile uint32_t RAMPRI3;
  volatile uint32_t RAMPRI4;
  volatile uint32_t RAMPRI5;
  volatile uint32_t RAMPRI6;
  volatile uint32_t RAMPRI7;
  volatile uint32_t RAMPRI8;
  volatile uint32_t RAMPRI9;
  volatile uint32_t RAMPRI10;
  volatile uint32_t RAMPRI11;
  volatile uint32_t RAMPRI12;
  volatile uint32_t RAMPRI13;
} NRF_CLOCK_Type;
#define NRF_CLOCK_BASE 0x40000000u
#define NRF_CLOCK ((NRF_CLOCK_Type *)NRF_CLOCK_BASE)
#define CLOCK_INTENSET_HFCLKSTARTED_Pos 0u
#define CLOCK_INTENSET_HFCLKSTARTED_Msk (0x1u << 0)
#define CLOCK_INTENCLR_HFCLKSTARTED_Pos 0u
#define CLOCK_INTENCLR_HFCLKSTARTED_Msk (0x1u << 0)
#define CLOCK_INTENSET_LFCLKSTARTED_Pos 1u
#define CLOCK_INTENSET_LFCLKSTARTED_Msk (0x1u << 1)
#define CLOCK_INTENCLR_LFCLKSTARTED_Pos 1u
#define CLOCK_INTENCLR_LFCLKSTARTED_Msk (0x1u << 1)
#define CLOCK_INTENSET_POFWARN_Pos 2u
#define CLOCK_INTENSET_POFWARN_Msk (0x1u << 2)
#define CLOCK_INTENCLR_POFWARN_Pos 2u
#define CLOCK_INTENCLR_POFWARN_Msk (0x1u << 2)
#define CLOCK_INTENSET_DONE_Pos 3u
#define CLOCK_INTENSET_DONE_Msk (0x1u << 3)
#define CLOCK_INTENCLR_DONE_Pos 3u
#define CLOCK_INTENCLR_DONE_Msk (0x1u << 3)
#define CLOCK_INTENSET_CTTO_Pos 4u
#define CLOCK_INTENSET_CTTO_Msk (0x1u << 4)
#define CLOCK_INTENCLR_CTTO_Pos 4u
#define CLOCK_INTENCLR_CTTO_Msk (0x1u << 4)
#define CLOCK_INTENSET_SLEEPENTER_Pos 5u
#define CLOCK_INTENSET_SLEEPENTER_Msk (0x1u << 5)
#define CLOCK_INTENCLR_SLEEPENTER_Pos 5u
#define CLOCK_INTENCLR_SLEEPENTER_Msk (0x1u << 5)
#define CLOCK_INTENSET_SLEEPEXIT_Pos 6u
#define CLOCK_INTENSET_SLEEPEXIT_Msk (0x1u << 6)
#define CLOCK_INTENCLR_SLEEPEXIT_Pos 6u
#define CLOCK_INTENCLR_SLEEPEXIT_Msk (0x1u << 6)
#define CLOCK_INTENSET_USBDETECTED_Pos 7u
#define CLOCK_INTENSET_USBDETECTED_Msk (0x1u << 7)
#define CLOCK_INTENCLR_USBDETECTED_Pos 7u
#define CLOCK_INTENCLR_USBDETECTED_Msk (0x1u << 7)
#define CLOCK_INTENSET_USBREMOVED_Pos 8u
#define CLOCK_INTENSET_USBREMOVED_Msk (0x1u << 8)
#define CLOCK_INTENCLR_USBREMOVED_Pos 8u
#define CLOCK_INTENCLR_USBREMOVED_Msk (0x1u << 8)
#define CLOCK_INTENSET_USBPWRRDY_Pos 9u
#define CLOCK_INTENSET_USBPWRRDY_Msk (0x1u << 9)
#define CLOCK_INTENCLR_USBPWRRDY_Pos 9u
#define CLOCK_INTENCLR_USBPWRRDY_Msk (0x1u << 9)
#define CLOCK_INTENSET_CTSTARTED_Pos 10u
#define CLOCK_INTENSET_CTSTARTED_Msk (0x1u << 10)
#define CLOCK_INTENCLR_CTSTARTED_Pos 10u
#define CLOCK_INTENCLR_CTSTARTED_Msk (0x1u << 10)
#define CLOCK_INTENSET_CTSTOPPED_Pos 11u
#define CLOCK_INTENSET_CTSTOPPED_Msk (0x1u << 11)
#define CLOCK_INTENCLR_CTSTOPPED_Pos 11u
#define CLOCK_INTENCLR_CTSTOPPED_Msk (0x1u << 11)

typedef struct {
  volatile uint32_t TASKS_HFCLKSTART;
  volatile uint32_t TASKS_HFCLKSTOP;
  volatile uint32_t TASKS_LFCLKSTART;
  volatile uint32_t TASKS_LFCLKSTOP;
  volatile uint32_t TASKS_CAL;
  volatile uint32_t TASKS_CTSTART;
  volatile uint32_t TASKS_CTSTOP;
  uint32_t mlbench_gap0[23];
  volatile uint32_t TASKS_CONSTLAT;
  volatile uint32_t TASKS_LOWPWR;
  uint32_t mlbench_gap1[32];
  volatile uint32_t EVENTS_HFCLKSTARTED;
  volatile uint32_t EVENTS_LFCLKSTARTED;
  volatile uint32_t EVENTS_POFWARN;
  volatile uint32_t EVENTS_DONE;
  volatile uint32_t EVENTS_CTTO;
  volatile uint32_t EVENTS_SLEEPENTER;
  volatile uint32_t EVENTS_SLEEPEXIT;
  volatile uint32_t EVENTS_USBDETECTED;
  volatile uint32_t EVENTS_USBREMOVED;
  volatile uint32_t EVENTS_USBPWRRDY;
  volatile uint32_t EVENTS_CTSTARTED;
  volatile uint32_t EVENTS_CTSTOPPED;
  uint32_t mlbench_gap2[52];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[61];
  volatile uint32_t RESETREAS;
  uint32_t mlbench_gap5[1];
  volatile uint32_t HFCLKRUN;
  volatile uint32_t HFCLKSTAT;
  uint32_t mlbench_gap6[1];
  volatile uint32_t LFCLKRUN;
  volatile uint32_t LFCLKSTAT;
  volatile uint32_t LFCLKSRCCOPY;
  uint32_t mlbench_gap7[2];
  volatile uint32_t RAMSTATUS;
  uint32_t mlbench_gap8[3];
  volatile uint32_t USBREGSTATUS;
  uint32_t mlbench_gap9[49];
  volatile uint32_t SYSTEMOFF;
  uint32_t mlbench_gap10[3];
  volatile uint32_t POFCON;
  uint32_t mlbench_gap11[1];
  volatile uint32_t LFCLKSRC;
  volatile uint32_t GPREGRET;
  volatile uint32_t GPREGRET2;
  uint32_t mlbench_gap12[1];
  volatile uint32_t HFXODEBOUNCE;
  uint32_t mlbench_gap13[3];
  volatile uint32_t CTIV;
  uint32_t mlbench_gap14[8];
  volatile uint32_t TRACECONFIG;
  uint32_t mlbench_gap15[6];
  volatile uint32_t DCDCEN;
  uint32_t mlbench_gap16[1];
  volatile uint32_t DCDCEN0;
  uint32_t mlbench_gap17[12];
  volatile uint32_t LFRCMODE;
  uint32_t mlbench_gap18[34];
  volatile uint32_t MAINREGSTATUS;
  uint32_t mlbench_gap19[175];
  struct {
    volatile uint32_t POWER;
    volatile uint32_t POWERSET;
    volatile uint32_t POWERCLR;
    uint32_t mlbench_gap0[1];
  } RAM[9];
  uint32_t mlbench_gap20[284];
  volatile uint32_t RAMPRI0;
  volatile uint32_t RAMPRI1;
  volatile uint32_t RAMPRI2;
  volatile uint32_t RAMPRI3;
  volatile uint32_t RAMPRI4;
  volatile uint32_t RAMPRI5;
  volatile uint32_t RAMPRI6;
  volatile uint32_t RAMPRI7;
  volatile uint32_t RAMPRI8;
  volatile uint32_t RAMPRI9;
  volatile uint32_t RAMPRI10;
  volatile uint32_t RAMPRI11;
  volatile uint32_t RAMPRI12;
  volatile uint32_t RAMPRI13;
} NRF_POWER_Type;
#define NRF_POWER_BASE 0x40000000u
#define NRF_POWER ((NRF_POWER_Type *)NRF_POWER_BASE)
#define POWER_INTENSET_HFCLKSTARTED_Pos 0u
#define POWER_INTENSET_HFCLKSTARTED_Msk (0x1u << 0)
#define POWER_INTENCLR_HFCLKSTARTED_Pos 0u
#define POWER_INTENCLR_HFCLKSTARTED_Msk (0x1u << 0)
#define POWER_INTENSET_LFCLKSTARTED_Pos 1u
#define POWER_INTENSET_LFCLKSTARTED_Msk (0x1u << 1)
#define POWER_INTENCLR_LFCLKSTARTED_Pos 1u
#define POWER_INTENCLR_LFCLKSTARTED_Msk (0x1u << 1)
#define POWER_INTENSET_POFWARN_Pos 2u
#define POWER_INTENSET_POFWARN_Msk (0x1u << 2)
#define POWER_INTENCLR_POFWARN_Pos 2u
#define POWER_INTENCLR_POFWARN_Msk (0x1u << 2)
#define POWER_INTENSET_DONE_Pos 3u
#define POWER_INTENSET_DONE_Msk (0x1u << 3)
#define POWER_INTENCLR_DONE_Pos 3u
#define POWER_INTENCLR_DONE_Msk (0x1u << 3)
#define POWER_INTENSET_CTTO_Pos 4u
#define POWER_INTENSET_CTTO_Msk (0x1u << 4)
#define POWER_INTENCLR_CTTO_Pos 4u
#define POWER_INTENCLR_CTTO_Msk (0x1u << 4)
#define POWER_INTENSET_SLEEPENTER_Pos 5u
#define POWER_INTENSET_SLEEPENTER_Msk (0x1u << 5)
#define POWER_INTENCLR_SLEEPENTER_Pos 5u
#define POWER_INTENCLR_SLEEPENTER_Msk (0x1u << 5)
#define POWER_INTENSET_SLEEPEXIT_Pos 6u
#define POWER_INTENSET_SLEEPEXIT_Msk (0x1u << 6)
#define POWER_INTENCLR_SLEEPEXIT_Pos 6u
#define POWER_INTENCLR_SLEEPEXIT_Msk (0x1u << 6)
#define POWER_INTENSET_USBDETECTED_Pos 7u
#define POWER_INTENSET_USBDETECTED_Msk (0x1u << 7)
#define POWER_INTENCLR_USBDETECTED_Pos 7u
#define POWER_INTENCLR_USBDETECTED_Msk (0x1u << 7)
#define POWER_INTENSET_USBREMOVED_Pos 8u
#define POWER_INTENSET_USBREMOVED_Msk (0x1u << 8)
#define POWER_INTENCLR_USBREMOVED_Pos 8u
#define POWER_INTENCLR_USBREMOVED_Msk (0x1u << 8)
#define POWER_INTENSET_USBPWRRDY_Pos 9u
#define POWER_INTENSET_USBPWRRDY_Msk (0x1u << 9)
#define POWER_INTENCLR_USBPWRRDY_Pos 9u
#define POWER_INTENCLR_USBPWRRDY_Msk (0x1u << 9)
#define POWER_INTENSET_CTSTARTED_Pos 10u
#define POWER_INTENSET_CTSTARTED_Msk (0x1u << 10)
#define POWER_INTENCLR_CTSTARTED_Pos 10u
#define POWER_INTENCLR_CTSTARTED_Msk (0x1u << 10)
#define POWER_INTENSET_CTSTOPPED_Pos 11u
#define POWER_INTENSET_CTSTOPPED_Msk (0x1u << 11)
#define POWER_INTENCLR_CTSTOPPED_Pos 11u
#define POWER_INTENCLR_CTSTOPPED_Msk (0x1u << 11)

typedef struct {
  uint32_t mlbench_gap0[321];
  volatile uint32_t OUT;
  volatile uint32_t OUTSET;
  volatile uint32_t OUTCLR;
  volatile uint32_t IN;
  volatile uint32_t DIR;
  volatile uint32_t DIRSET;
  volatile uint32_t DIRCLR;
  volatile uint32_t LATCH;
  volatile uint32_t DETECTMODE;
  uint32_t mlbench_gap1[118];
  volatile uint32_t PIN_CNF[32];
} NRF_GPIO_Type;
#define NRF_P0_BASE 0x50000000u
#define NRF_P0 ((NRF_GPIO_Type *)NRF_P0_BASE)
#define NRF_P1_BASE 0x50000300u
#define NRF_P1 ((NRF_GPIO_Type *)NRF_P1_BASE)

typedef struct {
  volatile uint32_t TASKS_OUT[8];
  uint32_t mlbench_gap0[4];
  volatile uint32_t TASKS_SET[8];
  uint32_t mlbench_gap1[4];
  volatile uint32_t TASKS_CLR[8];
  uint32_t mlbench_gap2[32];
  volatile uint32_t EVENTS_IN[8];
  uint32_t mlbench_gap3[23];
  volatile uint32_t EVENTS_PORT;
  uint32_t mlbench_gap4[32];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap5[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap6[129];
  volatile uint32_t CONFIG[8];
} NRF_GPIOTE_Type;
#define NRF_GPIOTE_BASE 0x40006000u
#define NRF_GPIOTE ((NRF_GPIOTE_Type *)NRF_GPIOTE_BASE)
#define GPIOTE_INTENSET_IN0_Pos 0u
#define GPIOTE_INTENSET_IN0_Msk (0x1u << 0)
#define GPIOTE_INTENCLR_IN0_Pos 0u
#define GPIOTE_INTENCLR_IN0_Msk (0x1u << 0)
#define GPIOTE_INTENSET_IN1_Pos 1u
#define GPIOTE_INTENSET_IN1_Msk (0x1u << 1)
#define GPIOTE_INTENCLR_IN1_Pos 1u
#define GPIOTE_INTENCLR_IN1_Msk (0x1u << 1)
#define GPIOTE_INTENSET_IN2_Pos 2u
#define GPIOTE_INTENSET_IN2_Msk (0x1u << 2)
#define GPIOTE_INTENCLR_IN2_Pos 2u
#define GPIOTE_INTENCLR_IN2_Msk (0x1u << 2)
#define GPIOTE_INTENSET_IN3_Pos 3u
#define GPIOTE_INTENSET_IN3_Msk (0x1u << 3)
#define GPIOTE_INTENCLR_IN3_Pos 3u
#define GPIOTE_INTENCLR_IN3_Msk (0x1u << 3)
#define GPIOTE_INTENSET_IN4_Pos 4u
#define GPIOTE_INTENSET_IN4_Msk (0x1u << 4)
#define GPIOTE_INTENCLR_IN4_Pos 4u
#define GPIOTE_INTENCLR_IN4_Msk (0x1u << 4)
#define GPIOTE_INTENSET_IN5_Pos 5u
#define GPIOTE_INTENSET_IN5_Msk (0x1u << 5)
#define GPIOTE_INTENCLR_IN5_Pos 5u
#define GPIOTE_INTENCLR_IN5_Msk (0x1u << 5)
#define GPIOTE_INTENSET_IN6_Pos 6u
#define GPIOTE_INTENSET_IN6_Msk (0x1u << 6)
#define GPIOTE_INTENCLR_IN6_Pos 6u
#define GPIOTE_INTENCLR_IN6_Msk (0x1u << 6)
#define GPIOTE_INTENSET_IN7_Pos 7u
#define GPIOTE_INTENSET_IN7_Msk (0x1u << 7)
#define GPIOTE_INTENCLR_IN7_Pos 7u
#define GPIOTE_INTENCLR_IN7_Msk (0x1u << 7)
#define GPIOTE_INTENSET_PORT_Pos 31u
#define GPIOTE_INTENSET_PORT_Msk (0x1u << 31)
#define GPIOTE_INTENCLR_PORT_Pos 31u
#define GPIOTE_INTENCLR_PORT_Msk (0x1u << 31)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_COUNT;
  volatile uint32_t TASKS_CLEAR;
  volatile uint32_t TASKS_SHUTDOWN;
  uint32_t mlbench_gap0[11];
  volatile uint32_t TASKS_CAPTURE[6];
  uint32_t mlbench_gap1[58];
  volatile uint32_t EVENTS_COMPARE[6];
  uint32_t mlbench_gap2[42];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[126];
  volatile uint32_t MODE;
  volatile uint32_t BITMODE;
  uint32_t mlbench_gap5[1];
  volatile uint32_t PRESCALER;
  uint32_t mlbench_gap6[11];
  volatile uint32_t CC[6];
} NRF_TIMER_Type;
#define NRF_TIMER0_BASE 0x40008000u
#define NRF_TIMER0 ((NRF_TIMER_Type *)NRF_TIMER0_BASE)
#define NRF_TIMER1_BASE 0x40009000u
#define NRF_TIMER1 ((NRF_TIMER_Type *)NRF_TIMER1_BASE)
#define NRF_TIMER2_BASE 0x4000a000u
#define NRF_TIMER2 ((NRF_TIMER_Type *)NRF_TIMER2_BASE)
#define NRF_TIMER3_BASE 0x4001a000u
#define NRF_TIMER3 ((NRF_TIMER_Type *)NRF_TIMER3_BASE)
#define NRF_TIMER4_BASE 0x4001b000u
#define NRF_TIMER4 ((NRF_TIMER_Type *)NRF_TIMER4_BASE)
#define TIMER_INTENSET_COMPARE0_Pos 16u
#define TIMER_INTENSET_COMPARE0_Msk (0x1u << 16)
#define TIMER_INTENCLR_COMPARE0_Pos 16u
#define TIMER_INTENCLR_COMPARE0_Msk (0x1u << 16)
#define TIMER_INTENSET_COMPARE1_Pos 17u
#define TIMER_INTENSET_COMPARE1_Msk (0x1u << 17)
#define TIMER_INTENCLR_COMPARE1_Pos 17u
#define TIMER_INTENCLR_COMPARE1_Msk (0x1u << 17)
#define TIMER_INTENSET_COMPARE2_Pos 18u
#define TIMER_INTENSET_COMPARE2_Msk (0x1u << 18)
#define TIMER_INTENCLR_COMPARE2_Pos 18u
#define TIMER_INTENCLR_COMPARE2_Msk (0x1u << 18)
#define TIMER_INTENSET_COMPARE3_Pos 19u
#define TIMER_INTENSET_COMPARE3_Msk (0x1u << 19)
#define TIMER_INTENCLR_COMPARE3_Pos 19u
#define TIMER_INTENCLR_COMPARE3_Msk (0x1u << 19)
#define TIMER_INTENSET_COMPARE4_Pos 20u
#define TIMER_INTENSET_COMPARE4_Msk (0x1u << 20)
#define TIMER_INTENCLR_COMPARE4_Pos 20u
#define TIMER_INTENCLR_COMPARE4_Msk (0x1u << 20)
#define TIMER_INTENSET_COMPARE5_Pos 21u
#define TIMER_INTENSET_COMPARE5_Msk (0x1u << 21)
#define TIMER_INTENCLR_COMPARE5_Pos 21u
#define TIMER_INTENCLR_COMPARE5_Msk (0x1u << 21)
#define TIMER_SHORTS_COMPARE0_CLEAR_Pos 0u
#define TIMER_SHORTS_COMPARE0_CLEAR_Msk (0x1u << 0)
#define TIMER_SHORTS_COMPARE1_CLEAR_Pos 1u
#define TIMER_SHORTS_COMPARE1_CLEAR_Msk (0x1u << 1)
#define TIMER_SHORTS_COMPARE2_CLEAR_Pos 2u
#define TIMER_SHORTS_COMPARE2_CLEAR_Msk (0x1u << 2)
#define TIMER_SHORTS_COMPARE3_CLEAR_Pos 3u
#define TIMER_SHORTS_COMPARE3_CLEAR_Msk (0x1u << 3)
#define TIMER_SHORTS_COMPARE4_CLEAR_Pos 4u
#define TIMER_SHORTS_COMPARE4_CLEAR_Msk (0x1u << 4)
#define TIMER_SHORTS_COMPARE5_CLEAR_Pos 5u
#define TIMER_SHORTS_COMPARE5_CLEAR_Msk (0x1u << 5)
#define TIMER_SHORTS_COMPARE0_STOP_Pos 8u
#define TIMER_SHORTS_COMPARE0_STOP_Msk (0x1u << 8)
#define TIMER_SHORTS_COMPARE1_STOP_Pos 9u
#define TIMER_SHORTS_COMPARE1_STOP_Msk (0x1u << 9)
#define TIMER_SHORTS_COMPARE2_STOP_Pos 10u
#define TIMER_SHORTS_COMPARE2_STOP_Msk (0x1u << 10)
#define TIMER_SHORTS_COMPARE3_STOP_Pos 11u
#define TIMER_SHORTS_COMPARE3_STOP_Msk (0x1u << 11)
#define TIMER_SHORTS_COMPARE4_STOP_Pos 12u
#define TIMER_SHORTS_COMPARE4_STOP_Msk (0x1u << 12)
#define TIMER_SHORTS_COMPARE5_STOP_Pos 13u
#define TIMER_SHORTS_COMPARE5_STOP_Msk (0x1u << 13)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_CLEAR;
  volatile uint32_t TASKS_TRIGOVRFLW;
  uint32_t mlbench_gap0[60];
  volatile uint32_t EVENTS_TICK;
  volatile uint32_t EVENTS_OVRFLW;
  uint32_t mlbench_gap1[14];
  volatile uint32_t EVENTS_COMPARE[4];
  uint32_t mlbench_gap2[44];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[13];
  volatile uint32_t EVTEN;
  volatile uint32_t EVTENSET;
  volatile uint32_t EVTENCLR;
  uint32_t mlbench_gap5[110];
  volatile uint32_t COUNTER;
  volatile uint32_t PRESCALER;
  uint32_t mlbench_gap6[13];
  volatile uint32_t CC[4];
} NRF_RTC_Type;
#define NRF_RTC0_BASE 0x4000b000u
#define NRF_RTC0 ((NRF_RTC_Type *)NRF_RTC0_BASE)
#define NRF_RTC1_BASE 0x40011000u
#define NRF_RTC1 ((NRF_RTC_Type *)NRF_RTC1_BASE)
#define NRF_RTC2_BASE 0x40024000u
#define NRF_RTC2 ((NRF_RTC_Type *)NRF_RTC2_BASE)
#define RTC_INTENSET_TICK_Pos 0u
#define RTC_INTENSET_TICK_Msk (0x1u << 0)
#define RTC_INTENCLR_TICK_Pos 0u
#define RTC_INTENCLR_TICK_Msk (0x1u << 0)
#define RTC_INTENSET_OVRFLW_Pos 1u
#define RTC_INTENSET_OVRFLW_Msk (0x1u << 1)
#define RTC_INTENCLR_OVRFLW_Pos 1u
#define RTC_INTENCLR_OVRFLW_Msk (0x1u << 1)
#define RTC_INTENSET_COMPARE0_Pos 16u
#define RTC_INTENSET_COMPARE0_Msk (0x1u << 16)
#define RTC_INTENCLR_COMPARE0_Pos 16u
#define RTC_INTENCLR_COMPARE0_Msk (0x1u << 16)
#define RTC_INTENSET_COMPARE1_Pos 17u
#define RTC_INTENSET_COMPARE1_Msk (0x1u << 17)
#define RTC_INTENCLR_COMPARE1_Pos 17u
#define RTC_INTENCLR_COMPARE1_Msk (0x1u << 17)
#define RTC_INTENSET_COMPARE2_Pos 18u
#define RTC_INTENSET_COMPARE2_Msk (0x1u << 18)
#define RTC_INTENCLR_COMPARE2_Pos 18u
#define RTC_INTENCLR_COMPARE2_Msk (0x1u << 18)
#define RTC_INTENSET_COMPARE3_Pos 19u
#define RTC_INTENSET_COMPARE3_Msk (0x1u << 19)
#define RTC_INTENCLR_COMPARE3_Pos 19u
#define RTC_INTENCLR_COMPARE3_Msk (0x1u << 19)

typedef struct {
  volatile uint32_t TASKS_STARTRX;
  volatile uint32_t TASKS_STOPRX;
  volatile uint32_t TASKS_STARTTX;
  volatile uint32_t TASKS_STOPTX;
  uint32_t mlbench_gap0[7];
  volatile uint32_t TASKS_FLUSHRX;
  uint32_t mlbench_gap1[52];
  volatile uint32_t EVENTS_CTS;
  volatile uint32_t EVENTS_NCTS;
  volatile uint32_t EVENTS_RXDRDY;
  uint32_t mlbench_gap2[1];
  volatile uint32_t EVENTS_ENDRX;
  uint32_t mlbench_gap3[2];
  volatile uint32_t EVENTS_TXDRDY;
  volatile uint32_t EVENTS_ENDTX;
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap4[7];
  volatile uint32_t EVENTS_RXTO;
  uint32_t mlbench_gap5[1];
  volatile uint32_t EVENTS_RXSTARTED;
  volatile uint32_t EVENTS_TXSTARTED;
  uint32_t mlbench_gap6[1];
  volatile uint32_t EVENTS_TXSTOPPED;
  uint32_t mlbench_gap7[41];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap8[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap9[93];
  volatile uint32_t ERRORSRC;
  uint32_t mlbench_gap10[31];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap11[1];
  struct {
    volatile uint32_t RTS;
    volatile uint32_t TXD;
    volatile uint32_t CTS;
    volatile uint32_t RXD;
  } PSEL;
  uint32_t mlbench_gap12[3];
  volatile uint32_t BAUDRATE;
  uint32_t mlbench_gap13[3];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
  } RXD;
  uint32_t mlbench_gap14[1];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
  } TXD;
  uint32_t mlbench_gap15[7];
  volatile uint32_t CONFIG;
} NRF_UARTE_Type;
#define NRF_UARTE0_BASE 0x40002000u
#define NRF_UARTE0 ((NRF_UARTE_Type *)NRF_UARTE0_BASE)
#define NRF_UARTE1_BASE 0x40028000u
#define NRF_UARTE1 ((NRF_UARTE_Type *)NRF_UARTE1_BASE)
#define UARTE_INTENSET_CTS_Pos 0u
#define UARTE_INTENSET_CTS_Msk (0x1u << 0)
#define UARTE_INTENCLR_CTS_Pos 0u
#define UARTE_INTENCLR_CTS_Msk (0x1u << 0)
#define UARTE_INTENSET_NCTS_Pos 1u
#define UARTE_INTENSET_NCTS_Msk (0x1u << 1)
#define UARTE_INTENCLR_NCTS_Pos 1u
#define UARTE_INTENCLR_NCTS_Msk (0x1u << 1)
#define UARTE_INTENSET_RXDRDY_Pos 2u
#define UARTE_INTENSET_RXDRDY_Msk (0x1u << 2)
#define UARTE_INTENCLR_RXDRDY_Pos 2u
#define UARTE_INTENCLR_RXDRDY_Msk (0x1u << 2)
#define UARTE_INTENSET_ENDRX_Pos 4u
#define UARTE_INTENSET_ENDRX_Msk (0x1u << 4)
#define UARTE_INTENCLR_ENDRX_Pos 4u
#define UARTE_INTENCLR_ENDRX_Msk (0x1u << 4)
#define UARTE_INTENSET_TXDRDY_Pos 7u
#define UARTE_INTENSET_TXDRDY_Msk (0x1u << 7)
#define UARTE_INTENCLR_TXDRDY_Pos 7u
#define UARTE_INTENCLR_TXDRDY_Msk (0x1u << 7)
#define UARTE_INTENSET_ENDTX_Pos 8u
#define UARTE_INTENSET_ENDTX_Msk (0x1u << 8)
#define UARTE_INTENCLR_ENDTX_Pos 8u
#define UARTE_INTENCLR_ENDTX_Msk (0x1u << 8)
#define UARTE_INTENSET_ERROR_Pos 9u
#define UARTE_INTENSET_ERROR_Msk (0x1u << 9)
#define UARTE_INTENCLR_ERROR_Pos 9u
#define UARTE_INTENCLR_ERROR_Msk (0x1u << 9)
#define UARTE_INTENSET_RXTO_Pos 17u
#define UARTE_INTENSET_RXTO_Msk (0x1u << 17)
#define UARTE_INTENCLR_RXTO_Pos 17u
#define UARTE_INTENCLR_RXTO_Msk (0x1u << 17)
#define UARTE_INTENSET_RXSTARTED_Pos 19u
#define UARTE_INTENSET_RXSTARTED_Msk (0x1u << 19)
#define UARTE_INTENCLR_RXSTARTED_Pos 19u
#define UARTE_INTENCLR_RXSTARTED_Msk (0x1u << 19)
#define UARTE_INTENSET_TXSTARTED_Pos 20u
#define UARTE_INTENSET_TXSTARTED_Msk (0x1u << 20)
#define UARTE_INTENCLR_TXSTARTED_Pos 20u
#define UARTE_INTENCLR_TXSTARTED_Msk (0x1u << 20)
#define UARTE_INTENSET_TXSTOPPED_Pos 22u
#define UARTE_INTENSET_TXSTOPPED_Msk (0x1u << 22)
#define UARTE_INTENCLR_TXSTOPPED_Pos 22u
#define UARTE_INTENCLR_TXSTOPPED_Msk (0x1u << 22)
#define UARTE_SHORTS_ENDRX_STARTRX_Pos 5u
#define UARTE_SHORTS_ENDRX_STARTRX_Msk (0x1u << 5)
#define UARTE_SHORTS_ENDRX_STOPRX_Pos 6u
#define UARTE_SHORTS_ENDRX_STOPRX_Msk (0x1u << 6)

typedef struct {
  volatile uint32_t TASKS_STARTRX;
  volatile uint32_t TASKS_STOPRX;
  volatile uint32_t TASKS_STARTTX;
  volatile uint32_t TASKS_STOPTX;
  uint32_t mlbench_gap0[3];
  volatile uint32_t TASKS_SUSPEND;
  uint32_t mlbench_gap1[56];
  volatile uint32_t EVENTS_CTS;
  volatile uint32_t EVENTS_NCTS;
  volatile uint32_t EVENTS_RXDRDY;
  uint32_t mlbench_gap2[4];
  volatile uint32_t EVENTS_TXDRDY;
  uint32_t mlbench_gap3[1];
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap4[7];
  volatile uint32_t EVENTS_RXTO;
  uint32_t mlbench_gap5[46];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap6[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap7[93];
  volatile uint32_t ERRORSRC;
  uint32_t mlbench_gap8[31];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap9[1];
  struct {
    volatile uint32_t RTS;
    volatile uint32_t TXD;
    volatile uint32_t CTS;
    volatile uint32_t RXD;
  } PSEL;
  volatile uint32_t RXD;
  volatile uint32_t TXD;
  uint32_t mlbench_gap10[1];
  volatile uint32_t BAUDRATE;
  uint32_t mlbench_gap11[17];
  volatile uint32_t CONFIG;
} NRF_UART_Type;
#define NRF_UART0_BASE 0x40002000u
#define NRF_UART0 ((NRF_UART_Type *)NRF_UART0_BASE)
#define UART_INTENSET_CTS_Pos 0u
#define UART_INTENSET_CTS_Msk (0x1u << 0)
#define UART_INTENCLR_CTS_Pos 0u
#define UART_INTENCLR_CTS_Msk (0x1u << 0)
#define UART_INTENSET_NCTS_Pos 1u
#define UART_INTENSET_NCTS_Msk (0x1u << 1)
#define UART_INTENCLR_NCTS_Pos 1u
#define UART_INTENCLR_NCTS_Msk (0x1u << 1)
#define UART_INTENSET_RXDRDY_Pos 2u
#define UART_INTENSET_RXDRDY_Msk (0x1u << 2)
#define UART_INTENCLR_RXDRDY_Pos 2u
#define UART_INTENCLR_RXDRDY_Msk (0x1u << 2)
#define UART_INTENSET_TXDRDY_Pos 7u
#define UART_INTENSET_TXDRDY_Msk (0x1u << 7)
#define UART_INTENCLR_TXDRDY_Pos 7u
#define UART_INTENCLR_TXDRDY_Msk (0x1u << 7)
#define UART_INTENSET_ERROR_Pos 9u
#define UART_INTENSET_ERROR_Msk (0x1u << 9)
#define UART_INTENCLR_ERROR_Pos 9u
#define UART_INTENCLR_ERROR_Msk (0x1u << 9)
#define UART_INTENSET_RXTO_Pos 17u
#define UART_INTENSET_RXTO_Msk (0x1u << 17)
#define UART_INTENCLR_RXTO_Pos 17u
#define UART_INTENCLR_RXTO_Msk (0x1u << 17)

typedef struct {
  uint32_t mlbench_gap0[4];
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap1[1];
  volatile uint32_t TASKS_SUSPEND;
  volatile uint32_t TASKS_RESUME;
  uint32_t mlbench_gap2[56];
  volatile uint32_t EVENTS_STOPPED;
  uint32_t mlbench_gap3[2];
  volatile uint32_t EVENTS_ENDRX;
  uint32_t mlbench_gap4[1];
  volatile uint32_t EVENTS_END;
  uint32_t mlbench_gap5[1];
  volatile uint32_t EVENTS_ENDTX;
  uint32_t mlbench_gap6[10];
  volatile uint32_t EVENTS_STARTED;
  uint32_t mlbench_gap7[44];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap8[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap9[61];
  volatile uint32_t STALLSTAT;
  uint32_t mlbench_gap10[63];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap11[1];
  struct {
    volatile uint32_t SCK;
    volatile uint32_t MOSI;
    volatile uint32_t MISO;
    volatile uint32_t CSN;
  } PSEL;
  uint32_t mlbench_gap12[3];
  volatile uint32_t FREQUENCY;
  uint32_t mlbench_gap13[3];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    volatile uint32_t LIST;
  } RXD;
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    volatile uint32_t LIST;
  } TXD;
  volatile uint32_t CONFIG;
  uint32_t mlbench_gap14[2];
  struct {
    volatile uint32_t RXDELAY;
    volatile uint32_t CSNDUR;
  } IFTIMING;
  volatile uint32_t CSNPOL;
  volatile uint32_t PSELDCX;
  volatile uint32_t DCXCNT;
  uint32_t mlbench_gap15[19];
  volatile uint32_t ORC;
} NRF_SPIM_Type;
#define NRF_SPIM0_BASE 0x40003000u
#define NRF_SPIM0 ((NRF_SPIM_Type *)NRF_SPIM0_BASE)
#define NRF_SPIM1_BASE 0x40004000u
#define NRF_SPIM1 ((NRF_SPIM_Type *)NRF_SPIM1_BASE)
#define NRF_SPIM2_BASE 0x40023000u
#define NRF_SPIM2 ((NRF_SPIM_Type *)NRF_SPIM2_BASE)
#define NRF_SPIM3_BASE 0x4002f000u
#define NRF_SPIM3 ((NRF_SPIM_Type *)NRF_SPIM3_BASE)
#define SPIM_INTENSET_STOPPED_Pos 1u
#define SPIM_INTENSET_STOPPED_Msk (0x1u << 1)
#define SPIM_INTENCLR_STOPPED_Pos 1u
#define SPIM_INTENCLR_STOPPED_Msk (0x1u << 1)
#define SPIM_INTENSET_ENDRX_Pos 4u
#define SPIM_INTENSET_ENDRX_Msk (0x1u << 4)
#define SPIM_INTENCLR_ENDRX_Pos 4u
#define SPIM_INTENCLR_ENDRX_Msk (0x1u << 4)
#define SPIM_INTENSET_END_Pos 6u
#define SPIM_INTENSET_END_Msk (0x1u << 6)
#define SPIM_INTENCLR_END_Pos 6u
#define SPIM_INTENCLR_END_Msk (0x1u << 6)
#define SPIM_INTENSET_ENDTX_Pos 8u
#define SPIM_INTENSET_ENDTX_Msk (0x1u << 8)
#define SPIM_INTENCLR_ENDTX_Pos 8u
#define SPIM_INTENCLR_ENDTX_Msk (0x1u << 8)
#define SPIM_INTENSET_STARTED_Pos 19u
#define SPIM_INTENSET_STARTED_Msk (0x1u << 19)
#define SPIM_INTENCLR_STARTED_Pos 19u
#define SPIM_INTENCLR_STARTED_Msk (0x1u << 19)
#define SPIM_SHORTS_END_START_Pos 17u
#define SPIM_SHORTS_END_START_Msk (0x1u << 17)

typedef struct {
  uint32_t mlbench_gap0[66];
  volatile uint32_t EVENTS_READY;
  uint32_t mlbench_gap1[61];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[125];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap4[1];
  struct {
    volatile uint32_t SCK;
    volatile uint32_t MOSI;
    volatile uint32_t MISO;
  } PSEL;
  uint32_t mlbench_gap5[1];
  volatile uint32_t RXD;
  volatile uint32_t TXD;
  uint32_t mlbench_gap6[1];
  volatile uint32_t FREQUENCY;
  uint32_t mlbench_gap7[11];
  volatile uint32_t CONFIG;
} NRF_SPI_Type;
#define NRF_SPI0_BASE 0x40003000u
#define NRF_SPI0 ((NRF_SPI_Type *)NRF_SPI0_BASE)
#define NRF_SPI1_BASE 0x40004000u
#define NRF_SPI1 ((NRF_SPI_Type *)NRF_SPI1_BASE)
#define NRF_SPI2_BASE 0x40023000u
#define NRF_SPI2 ((NRF_SPI_Type *)NRF_SPI2_BASE)
#define SPI_INTENSET_READY_Pos 2u
#define SPI_INTENSET_READY_Msk (0x1u << 2)
#define SPI_INTENCLR_READY_Pos 2u
#define SPI_INTENCLR_READY_Msk (0x1u << 2)

typedef struct {
  volatile uint32_t TASKS_STARTRX;
  uint32_t mlbench_gap0[1];
  volatile uint32_t TASKS_STARTTX;
  uint32_t mlbench_gap1[2];
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap2[1];
  volatile uint32_t TASKS_SUSPEND;
  volatile uint32_t TASKS_RESUME;
  uint32_t mlbench_gap3[56];
  volatile uint32_t EVENTS_STOPPED;
  uint32_t mlbench_gap4[7];
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap5[8];
  volatile uint32_t EVENTS_SUSPENDED;
  volatile uint32_t EVENTS_RXSTARTED;
  volatile uint32_t EVENTS_TXSTARTED;
  uint32_t mlbench_gap6[2];
  volatile uint32_t EVENTS_LASTRX;
  volatile uint32_t EVENTS_LASTTX;
  uint32_t mlbench_gap7[39];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap8[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap9[110];
  volatile uint32_t ERRORSRC;
  uint32_t mlbench_gap10[14];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap11[1];
  struct {
    volatile uint32_t SCL;
    volatile uint32_t SDA;
  } PSEL;
  uint32_t mlbench_gap12[5];
  volatile uint32_t FREQUENCY;
  uint32_t mlbench_gap13[3];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    volatile uint32_t LIST;
  } RXD;
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    volatile uint32_t LIST;
  } TXD;
  uint32_t mlbench_gap14[13];
  volatile uint32_t ADDRESS;
} NRF_TWIM_Type;
#define NRF_TWIM0_BASE 0x40003000u
#define NRF_TWIM0 ((NRF_TWIM_Type *)NRF_TWIM0_BASE)
#define NRF_TWIM1_BASE 0x40004000u
#define NRF_TWIM1 ((NRF_TWIM_Type *)NRF_TWIM1_BASE)
#define TWIM_INTENSET_STOPPED_Pos 1u
#define TWIM_INTENSET_STOPPED_Msk (0x1u << 1)
#define TWIM_INTENCLR_STOPPED_Pos 1u
#define TWIM_INTENCLR_STOPPED_Msk (0x1u << 1)
#define TWIM_INTENSET_ERROR_Pos 9u
#define TWIM_INTENSET_ERROR_Msk (0x1u << 9)
#define TWIM_INTENCLR_ERROR_Pos 9u
#define TWIM_INTENCLR_ERROR_Msk (0x1u << 9)
#define TWIM_INTENSET_SUSPENDED_Pos 18u
#define TWIM_INTENSET_SUSPENDED_Msk (0x1u << 18)
#define TWIM_INTENCLR_SUSPENDED_Pos 18u
#define TWIM_INTENCLR_SUSPENDED_Msk (0x1u << 18)
#define TWIM_INTENSET_RXSTARTED_Pos 19u
#define TWIM_INTENSET_RXSTARTED_Msk (0x1u << 19)
#define TWIM_INTENCLR_RXSTARTED_Pos 19u
#define TWIM_INTENCLR_RXSTARTED_Msk (0x1u << 19)
#define TWIM_INTENSET_TXSTARTED_Pos 20u
#define TWIM_INTENSET_TXSTARTED_Msk (0x1u << 20)
#define TWIM_INTENCLR_TXSTARTED_Pos 20u
#define TWIM_INTENCLR_TXSTARTED_Msk (0x1u << 20)
#define TWIM_INTENSET_LASTRX_Pos 23u
#define TWIM_INTENSET_LASTRX_Msk (0x1u << 23)
#define TWIM_INTENCLR_LASTRX_Pos 23u
#define TWIM_INTENCLR_LASTRX_Msk (0x1u << 23)
#define TWIM_INTENSET_LASTTX_Pos 24u
#define TWIM_INTENSET_LASTTX_Msk (0x1u << 24)
#define TWIM_INTENCLR_LASTTX_Pos 24u
#define TWIM_INTENCLR_LASTTX_Msk (0x1u << 24)
#define TWIM_SHORTS_LASTTX_STARTRX_Pos 7u
#define TWIM_SHORTS_LASTTX_STARTRX_Msk (0x1u << 7)
#define TWIM_SHORTS_LASTTX_SUSPEND_Pos 8u
#define TWIM_SHORTS_LASTTX_SUSPEND_Msk (0x1u << 8)
#define TWIM_SHORTS_LASTTX_STOP_Pos 9u
#define TWIM_SHORTS_LASTTX_STOP_Msk (0x1u << 9)
#define TWIM_SHORTS_LASTRX_STARTTX_Pos 10u
#define TWIM_SHORTS_LASTRX_STARTTX_Msk (0x1u << 10)
#define TWIM_SHORTS_LASTRX_SUSPEND_Pos 11u
#define TWIM_SHORTS_LASTRX_SUSPEND_Msk (0x1u << 11)
#define TWIM_SHORTS_LASTRX_STOP_Pos 12u
#define TWIM_SHORTS_LASTRX_STOP_Msk (0x1u << 12)

typedef struct {
  volatile uint32_t TASKS_STARTRX;
  uint32_t mlbench_gap0[1];
  volatile uint32_t TASKS_STARTTX;
  uint32_t mlbench_gap1[2];
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap2[1];
  volatile uint32_t TASKS_SUSPEND;
  volatile uint32_t TASKS_RESUME;
  uint32_t mlbench_gap3[56];
  volatile uint32_t EVENTS_STOPPED;
  volatile uint32_t EVENTS_RXDREADY;
  uint32_t mlbench_gap4[4];
  volatile uint32_t EVENTS_TXDSENT;
  uint32_t mlbench_gap5[1];
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap6[4];
  volatile uint32_t EVENTS_BB;
  uint32_t mlbench_gap7[3];
  volatile uint32_t EVENTS_SUSPENDED;
  uint32_t mlbench_gap8[45];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap9[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap10[110];
  volatile uint32_t ERRORSRC;
  uint32_t mlbench_gap11[14];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap12[1];
  struct {
    volatile uint32_t SCL;
    volatile uint32_t SDA;
  } PSEL;
  uint32_t mlbench_gap13[2];
  volatile uint32_t RXD;
  volatile uint32_t TXD;
  uint32_t mlbench_gap14[1];
  volatile uint32_t FREQUENCY;
  uint32_t mlbench_gap15[24];
  volatile uint32_t ADDRESS;
} NRF_TWI_Type;
#define NRF_TWI0_BASE 0x40003000u
#define NRF_TWI0 ((NRF_TWI_Type *)NRF_TWI0_BASE)
#define NRF_TWI1_BASE 0x40004000u
#define NRF_TWI1 ((NRF_TWI_Type *)NRF_TWI1_BASE)
#define TWI_INTENSET_STOPPED_Pos 1u
#define TWI_INTENSET_STOPPED_Msk (0x1u << 1)
#define TWI_INTENCLR_STOPPED_Pos 1u
#define TWI_INTENCLR_STOPPED_Msk (0x1u << 1)
#define TWI_INTENSET_RXDREADY_Pos 2u
#define TWI_INTENSET_RXDREADY_Msk (0x1u << 2)
#define TWI_INTENCLR_RXDREADY_Pos 2u
#define TWI_INTENCLR_RXDREADY_Msk (0x1u << 2)
#define TWI_INTENSET_TXDSENT_Pos 7u
#define TWI_INTENSET_TXDSENT_Msk (0x1u << 7)
#define TWI_INTENCLR_TXDSENT_Pos 7u
#define TWI_INTENCLR_TXDSENT_Msk (0x1u << 7)
#define TWI_INTENSET_ERROR_Pos 9u
#define TWI_INTENSET_ERROR_Msk (0x1u << 9)
#define TWI_INTENCLR_ERROR_Pos 9u
#define TWI_INTENCLR_ERROR_Msk (0x1u << 9)
#define TWI_INTENSET_BB_Pos 14u
#define TWI_INTENSET_BB_Msk (0x1u << 14)
#define TWI_INTENCLR_BB_Pos 14u
#define TWI_INTENCLR_BB_Msk (0x1u << 14)
#define TWI_INTENSET_SUSPENDED_Pos 18u
#define TWI_INTENSET_SUSPENDED_Msk (0x1u << 18)
#define TWI_INTENCLR_SUSPENDED_Pos 18u
#define TWI_INTENCLR_SUSPENDED_Msk (0x1u << 18)

typedef struct {
  uint32_t mlbench_gap0[1];
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_SEQSTART[2];
  volatile uint32_t TASKS_NEXTSTEP;
  uint32_t mlbench_gap1[60];
  volatile uint32_t EVENTS_STOPPED;
  volatile uint32_t EVENTS_SEQSTARTED[2];
  volatile uint32_t EVENTS_SEQEND[2];
  volatile uint32_t EVENTS_PWMPERIODEND;
  volatile uint32_t EVENTS_LOOPSDONE;
  uint32_t mlbench_gap2[56];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[125];
  volatile uint32_t ENABLE;
  volatile uint32_t MODE;
  volatile uint32_t COUNTERTOP;
  volatile uint32_t PRESCALER;
  volatile uint32_t DECODER;
  volatile uint32_t LOOP;
  uint32_t mlbench_gap5[2];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t CNT;
    volatile uint32_t REFRESH;
    volatile uint32_t ENDDELAY;
    uint32_t mlbench_gap0[4];
  } SEQ[2];
  struct {
    volatile uint32_t OUT[4];
  } PSEL;
} NRF_PWM_Type;
#define NRF_PWM0_BASE 0x4001c000u
#define NRF_PWM0 ((NRF_PWM_Type *)NRF_PWM0_BASE)
#define NRF_PWM1_BASE 0x40021000u
#define NRF_PWM1 ((NRF_PWM_Type *)NRF_PWM1_BASE)
#define NRF_PWM2_BASE 0x40022000u
#define NRF_PWM2 ((NRF_PWM_Type *)NRF_PWM2_BASE)
#define NRF_PWM3_BASE 0x4002d000u
#define NRF_PWM3 ((NRF_PWM_Type *)NRF_PWM3_BASE)
#define PWM_INTENSET_STOPPED_Pos 1u
#define PWM_INTENSET_STOPPED_Msk (0x1u << 1)
#define PWM_INTENCLR_STOPPED_Pos 1u
#define PWM_INTENCLR_STOPPED_Msk (0x1u << 1)
#define PWM_INTENSET_SEQSTARTED0_Pos 2u
#define PWM_INTENSET_SEQSTARTED0_Msk (0x1u << 2)
#define PWM_INTENCLR_SEQSTARTED0_Pos 2u
#define PWM_INTENCLR_SEQSTARTED0_Msk (0x1u << 2)
#define PWM_INTENSET_SEQSTARTED1_Pos 3u
#define PWM_INTENSET_SEQSTARTED1_Msk (0x1u << 3)
#define PWM_INTENCLR_SEQSTARTED1_Pos 3u
#define PWM_INTENCLR_SEQSTARTED1_Msk (0x1u << 3)
#define PWM_INTENSET_SEQEND0_Pos 4u
#define PWM_INTENSET_SEQEND0_Msk (0x1u << 4)
#define PWM_INTENCLR_SEQEND0_Pos 4u
#define PWM_INTENCLR_SEQEND0_Msk (0x1u << 4)
#define PWM_INTENSET_SEQEND1_Pos 5u
#define PWM_INTENSET_SEQEND1_Msk (0x1u << 5)
#define PWM_INTENCLR_SEQEND1_Pos 5u
#define PWM_INTENCLR_SEQEND1_Msk (0x1u << 5)
#define PWM_INTENSET_PWMPERIODEND_Pos 6u
#define PWM_INTENSET_PWMPERIODEND_Msk (0x1u << 6)
#define PWM_INTENCLR_PWMPERIODEND_Pos 6u
#define PWM_INTENCLR_PWMPERIODEND_Msk (0x1u << 6)
#define PWM_INTENSET_LOOPSDONE_Pos 7u
#define PWM_INTENSET_LOOPSDONE_Msk (0x1u << 7)
#define PWM_INTENCLR_LOOPSDONE_Pos 7u
#define PWM_INTENCLR_LOOPSDONE_Msk (0x1u << 7)
#define PWM_SHORTS_SEQEND0_STOP_Pos 0u
#define PWM_SHORTS_SEQEND0_STOP_Msk (0x1u << 0)
#define PWM_SHORTS_SEQEND1_STOP_Pos 1u
#define PWM_SHORTS_SEQEND1_STOP_Msk (0x1u << 1)
#define PWM_SHORTS_LOOPSDONE_SEQSTART0_Pos 2u
#define PWM_SHORTS_LOOPSDONE_SEQSTART0_Msk (0x1u << 2)
#define PWM_SHORTS_LOOPSDONE_SEQSTART1_Pos 3u
#define PWM_SHORTS_LOOPSDONE_SEQSTART1_Msk (0x1u << 3)
#define PWM_SHORTS_LOOPSDONE_STOP_Pos 4u
#define PWM_SHORTS_LOOPSDONE_STOP_Msk (0x1u << 4)

typedef struct {
  volatile uint32_t TASKS_TRIGGER[16];
  uint32_t mlbench_gap0[48];
  volatile uint32_t EVENTS_TRIGGERED[16];
  uint32_t mlbench_gap1[48];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
} NRF_EGU_Type;
#define NRF_EGU0_BASE 0x40014000u
#define NRF_EGU0 ((NRF_EGU_Type *)NRF_EGU0_BASE)
#define NRF_EGU1_BASE 0x40015000u
#define NRF_EGU1 ((NRF_EGU_Type *)NRF_EGU1_BASE)
#define NRF_EGU2_BASE 0x40016000u
#define NRF_EGU2 ((NRF_EGU_Type *)NRF_EGU2_BASE)
#define NRF_EGU3_BASE 0x40017000u
#define NRF_EGU3 ((NRF_EGU_Type *)NRF_EGU3_BASE)
#define NRF_EGU4_BASE 0x40018000u
#define NRF_EGU4 ((NRF_EGU_Type *)NRF_EGU4_BASE)
#define NRF_EGU5_BASE 0x40019000u
#define NRF_EGU5 ((NRF_EGU_Type *)NRF_EGU5_BASE)
#define EGU_INTENSET_TRIGGERED0_Pos 0u
#define EGU_INTENSET_TRIGGERED0_Msk (0x1u << 0)
#define EGU_INTENCLR_TRIGGERED0_Pos 0u
#define EGU_INTENCLR_TRIGGERED0_Msk (0x1u << 0)
#define EGU_INTENSET_TRIGGERED1_Pos 1u
#define EGU_INTENSET_TRIGGERED1_Msk (0x1u << 1)
#define EGU_INTENCLR_TRIGGERED1_Pos 1u
#define EGU_INTENCLR_TRIGGERED1_Msk (0x1u << 1)
#define EGU_INTENSET_TRIGGERED2_Pos 2u
#define EGU_INTENSET_TRIGGERED2_Msk (0x1u << 2)
#define EGU_INTENCLR_TRIGGERED2_Pos 2u
#define EGU_INTENCLR_TRIGGERED2_Msk (0x1u << 2)
#define EGU_INTENSET_TRIGGERED3_Pos 3u
#define EGU_INTENSET_TRIGGERED3_Msk (0x1u << 3)
#define EGU_INTENCLR_TRIGGERED3_Pos 3u
#define EGU_INTENCLR_TRIGGERED3_Msk (0x1u << 3)
#define EGU_INTENSET_TRIGGERED4_Pos 4u
#define EGU_INTENSET_TRIGGERED4_Msk (0x1u << 4)
#define EGU_INTENCLR_TRIGGERED4_Pos 4u
#define EGU_INTENCLR_TRIGGERED4_Msk (0x1u << 4)
#define EGU_INTENSET_TRIGGERED5_Pos 5u
#define EGU_INTENSET_TRIGGERED5_Msk (0x1u << 5)
#define EGU_INTENCLR_TRIGGERED5_Pos 5u
#define EGU_INTENCLR_TRIGGERED5_Msk (0x1u << 5)
#define EGU_INTENSET_TRIGGERED6_Pos 6u
#define EGU_INTENSET_TRIGGERED6_Msk (0x1u << 6)
#define EGU_INTENCLR_TRIGGERED6_Pos 6u
#define EGU_INTENCLR_TRIGGERED6_Msk (0x1u << 6)
#define EGU_INTENSET_TRIGGERED7_Pos 7u
#define EGU_INTENSET_TRIGGERED7_Msk (0x1u << 7)
#define EGU_INTENCLR_TRIGGERED7_Pos 7u
#define EGU_INTENCLR_TRIGGERED7_Msk (0x1u << 7)
#define EGU_INTENSET_TRIGGERED8_Pos 8u
#define EGU_INTENSET_TRIGGERED8_Msk (0x1u << 8)
#define EGU_INTENCLR_TRIGGERED8_Pos 8u
#define EGU_INTENCLR_TRIGGERED8_Msk (0x1u << 8)
#define EGU_INTENSET_TRIGGERED9_Pos 9u
#define EGU_INTENSET_TRIGGERED9_Msk (0x1u << 9)
#define EGU_INTENCLR_TRIGGERED9_Pos 9u
#define EGU_INTENCLR_TRIGGERED9_Msk (0x1u << 9)
#define EGU_INTENSET_TRIGGERED10_Pos 10u
#define EGU_INTENSET_TRIGGERED10_Msk (0x1u << 10)
#define EGU_INTENCLR_TRIGGERED10_Pos 10u
#define EGU_INTENCLR_TRIGGERED10_Msk (0x1u << 10)
#define EGU_INTENSET_TRIGGERED11_Pos 11u
#define EGU_INTENSET_TRIGGERED11_Msk (0x1u << 11)
#define EGU_INTENCLR_TRIGGERED11_Pos 11u
#define EGU_INTENCLR_TRIGGERED11_Msk (0x1u << 11)
#define EGU_INTENSET_TRIGGERED12_Pos 12u
#define EGU_INTENSET_TRIGGERED12_Msk (0x1u << 12)
#define EGU_INTENCLR_TRIGGERED12_Pos 12u
#define EGU_INTENCLR_TRIGGERED12_Msk (0x1u << 12)
#define EGU_INTENSET_TRIGGERED13_Pos 13u
#define EGU_INTENSET_TRIGGERED13_Msk (0x1u << 13)
#define EGU_INTENCLR_TRIGGERED13_Pos 13u
#define EGU_INTENCLR_TRIGGERED13_Msk (0x1u << 13)
#define EGU_INTENSET_TRIGGERED14_Pos 14u
#define EGU_INTENSET_TRIGGERED14_Msk (0x1u << 14)
#define EGU_INTENCLR_TRIGGERED14_Pos 14u
#define EGU_INTENCLR_TRIGGERED14_Msk (0x1u << 14)
#define EGU_INTENSET_TRIGGERED15_Pos 15u
#define EGU_INTENSET_TRIGGERED15_Msk (0x1u << 15)
#define EGU_INTENCLR_TRIGGERED15_Pos 15u
#define EGU_INTENCLR_TRIGGERED15_Msk (0x1u << 15)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_SAMPLE;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_CALIBRATEOFFSET;
  uint32_t mlbench_gap0[60];
  volatile uint32_t EVENTS_STARTED;
  volatile uint32_t EVENTS_END;
  volatile uint32_t EVENTS_DONE;
  volatile uint32_t EVENTS_RESULTDONE;
  volatile uint32_t EVENTS_CALIBRATEDONE;
  volatile uint32_t EVENTS_STOPPED;
  struct {
    volatile uint32_t LIMITH;
    volatile uint32_t LIMITL;
  } EVENTS_CH[8];
  uint32_t mlbench_gap1[42];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[61];
  volatile uint32_t STATUS;
  uint32_t mlbench_gap4[63];
  volatile uint32_t ENABLE;
  uint32_t mlbench_gap5[3];
  struct {
    volatile uint32_t PSELP;
    volatile uint32_t PSELN;
    volatile uint32_t CONFIG;
    volatile uint32_t LIMIT;
  } CH[8];
  uint32_t mlbench_gap6[24];
  volatile uint32_t RESOLUTION;
  volatile uint32_t OVERSAMPLE;
  volatile uint32_t SAMPLERATE;
  uint32_t mlbench_gap7[12];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
  } RESULT;
} NRF_SAADC_Type;
#define NRF_SAADC_BASE 0x40007000u
#define NRF_SAADC ((NRF_SAADC_Type *)NRF_SAADC_BASE)
#define SAADC_INTENSET_STARTED_Pos 0u
#define SAADC_INTENSET_STARTED_Msk (0x1u << 0)
#define SAADC_INTENCLR_STARTED_Pos 0u
#define SAADC_INTENCLR_STARTED_Msk (0x1u << 0)
#define SAADC_INTENSET_END_Pos 1u
#define SAADC_INTENSET_END_Msk (0x1u << 1)
#define SAADC_INTENCLR_END_Pos 1u
#define SAADC_INTENCLR_END_Msk (0x1u << 1)
#define SAADC_INTENSET_DONE_Pos 2u
#define SAADC_INTENSET_DONE_Msk (0x1u << 2)
#define SAADC_INTENCLR_DONE_Pos 2u
#define SAADC_INTENCLR_DONE_Msk (0x1u << 2)
#define SAADC_INTENSET_RESULTDONE_Pos 3u
#define SAADC_INTENSET_RESULTDONE_Msk (0x1u << 3)
#define SAADC_INTENCLR_RESULTDONE_Pos 3u
#define SAADC_INTENCLR_RESULTDONE_Msk (0x1u << 3)
#define SAADC_INTENSET_CALIBRATEDONE_Pos 4u
#define SAADC_INTENSET_CALIBRATEDONE_Msk (0x1u << 4)
#define SAADC_INTENCLR_CALIBRATEDONE_Pos 4u
#define SAADC_INTENCLR_CALIBRATEDONE_Msk (0x1u << 4)
#define SAADC_INTENSET_STOPPED_Pos 5u
#define SAADC_INTENSET_STOPPED_Msk (0x1u << 5)
#define SAADC_INTENCLR_STOPPED_Pos 5u
#define SAADC_INTENCLR_STOPPED_Msk (0x1u << 5)
#define SAADC_INTENSET_CH0LIMITH_Pos 6u
#define SAADC_INTENSET_CH0LIMITH_Msk (0x1u << 6)
#define SAADC_INTENCLR_CH0LIMITH_Pos 6u
#define SAADC_INTENCLR_CH0LIMITH_Msk (0x1u << 6)
#define SAADC_INTENSET_CH1LIMITH_Pos 8u
#define SAADC_INTENSET_CH1LIMITH_Msk (0x1u << 8)
#define SAADC_INTENCLR_CH1LIMITH_Pos 8u
#define SAADC_INTENCLR_CH1LIMITH_Msk (0x1u << 8)
#define SAADC_INTENSET_CH2LIMITH_Pos 10u
#define SAADC_INTENSET_CH2LIMITH_Msk (0x1u << 10)
#define SAADC_INTENCLR_CH2LIMITH_Pos 10u
#define SAADC_INTENCLR_CH2LIMITH_Msk (0x1u << 10)
#define SAADC_INTENSET_CH3LIMITH_Pos 12u
#define SAADC_INTENSET_CH3LIMITH_Msk (0x1u << 12)
#define SAADC_INTENCLR_CH3LIMITH_Pos 12u
#define SAADC_INTENCLR_CH3LIMITH_Msk (0x1u << 12)
#define SAADC_INTENSET_CH4LIMITH_Pos 14u
#define SAADC_INTENSET_CH4LIMITH_Msk (0x1u << 14)
#define SAADC_INTENCLR_CH4LIMITH_Pos 14u
#define SAADC_INTENCLR_CH4LIMITH_Msk (0x1u << 14)
#define SAADC_INTENSET_CH5LIMITH_Pos 16u
#define SAADC_INTENSET_CH5LIMITH_Msk (0x1u << 16)
#define SAADC_INTENCLR_CH5LIMITH_Pos 16u
#define SAADC_INTENCLR_CH5LIMITH_Msk (0x1u << 16)
#define SAADC_INTENSET_CH6LIMITH_Pos 18u
#define SAADC_INTENSET_CH6LIMITH_Msk (0x1u << 18)
#define SAADC_INTENCLR_CH6LIMITH_Pos 18u
#define SAADC_INTENCLR_CH6LIMITH_Msk (0x1u << 18)
#define SAADC_INTENSET_CH7LIMITH_Pos 20u
#define SAADC_INTENSET_CH7LIMITH_Msk (0x1u << 20)
#define SAADC_INTENCLR_CH7LIMITH_Pos 20u
#define SAADC_INTENCLR_CH7LIMITH_Msk (0x1u << 20)
#define SAADC_INTENSET_CH0LIMITL_Pos 7u
#define SAADC_INTENSET_CH0LIMITL_Msk (0x1u << 7)
#define SAADC_INTENCLR_CH0LIMITL_Pos 7u
#define SAADC_INTENCLR_CH0LIMITL_Msk (0x1u << 7)
#define SAADC_INTENSET_CH1LIMITL_Pos 9u
#define SAADC_INTENSET_CH1LIMITL_Msk (0x1u << 9)
#define SAADC_INTENCLR_CH1LIMITL_Pos 9u
#define SAADC_INTENCLR_CH1LIMITL_Msk (0x1u << 9)
#define SAADC_INTENSET_CH2LIMITL_Pos 11u
#define SAADC_INTENSET_CH2LIMITL_Msk (0x1u << 11)
#define SAADC_INTENCLR_CH2LIMITL_Pos 11u
#define SAADC_INTENCLR_CH2LIMITL_Msk (0x1u << 11)
#define SAADC_INTENSET_CH3LIMITL_Pos 13u
#define SAADC_INTENSET_CH3LIMITL_Msk (0x1u << 13)
#define SAADC_INTENCLR_CH3LIMITL_Pos 13u
#define SAADC_INTENCLR_CH3LIMITL_Msk (0x1u << 13)
#define SAADC_INTENSET_CH4LIMITL_Pos 15u
#define SAADC_INTENSET_CH4LIMITL_Msk (0x1u << 15)
#define SAADC_INTENCLR_CH4LIMITL_Pos 15u
#define SAADC_INTENCLR_CH4LIMITL_Msk (0x1u << 15)
#define SAADC_INTENSET_CH5LIMITL_Pos 17u
#define SAADC_INTENSET_CH5LIMITL_Msk (0x1u << 17)
#define SAADC_INTENCLR_CH5LIMITL_Pos 17u
#define SAADC_INTENCLR_CH5LIMITL_Msk (0x1u << 17)
#define SAADC_INTENSET_CH6LIMITL_Pos 19u
#define SAADC_INTENSET_CH6LIMITL_Msk (0x1u << 19)
#define SAADC_INTENCLR_CH6LIMITL_Pos 19u
#define SAADC_INTENCLR_CH6LIMITL_Msk (0x1u << 19)
#define SAADC_INTENSET_CH7LIMITL_Pos 21u
#define SAADC_INTENSET_CH7LIMITL_Msk (0x1u << 21)
#define SAADC_INTENCLR_CH7LIMITL_Pos 21u
#define SAADC_INTENCLR_CH7LIMITL_Msk (0x1u << 21)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap0[62];
  volatile uint32_t EVENTS_DATARDY;
  uint32_t mlbench_gap1[63];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[127];
  volatile uint32_t TEMP;
  uint32_t mlbench_gap4[5];
  volatile uint32_t A0;
  volatile uint32_t A1;
  volatile uint32_t A2;
  volatile uint32_t A3;
  volatile uint32_t A4;
  volatile uint32_t A5;
  uint32_t mlbench_gap5[2];
  volatile uint32_t B0;
  volatile uint32_t B1;
  volatile uint32_t B2;
  volatile uint32_t B3;
  volatile uint32_t B4;
  volatile uint32_t B5;
  uint32_t mlbench_gap6[2];
  volatile uint32_t T0;
  volatile uint32_t T1;
  volatile uint32_t T2;
  volatile uint32_t T3;
  volatile uint32_t T4;
} NRF_TEMP_Type;
#define NRF_TEMP_BASE 0x4000c000u
#define NRF_TEMP ((NRF_TEMP_Type *)NRF_TEMP_BASE)
#define TEMP_INTENSET_DATARDY_Pos 0u
#define TEMP_INTENSET_DATARDY_Msk (0x1u << 0)
#define TEMP_INTENCLR_DATARDY_Pos 0u
#define TEMP_INTENCLR_DATARDY_Msk (0x1u << 0)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_SAMPLE;
  uint32_t mlbench_gap0[61];
  volatile uint32_t EVENTS_READY;
  volatile uint32_t EVENTS_DOWN;
  volatile uint32_t EVENTS_UP;
  volatile uint32_t EVENTS_CROSS;
  uint32_t mlbench_gap1[60];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[61];
  volatile uint32_t RESULT;
  uint32_t mlbench_gap4[63];
  volatile uint32_t ENABLE;
  volatile uint32_t PSEL;
  volatile uint32_t REFSEL;
  volatile uint32_t EXTREFSEL;
  uint32_t mlbench_gap5[8];
  volatile uint32_t TH;
  volatile uint32_t MODE;
  volatile uint32_t HYST;
} NRF_COMP_Type;
#define NRF_COMP_BASE 0x40013000u
#define NRF_COMP ((NRF_COMP_Type *)NRF_COMP_BASE)
#define COMP_INTENSET_READY_Pos 0u
#define COMP_INTENSET_READY_Msk (0x1u << 0)
#define COMP_INTENCLR_READY_Pos 0u
#define COMP_INTENCLR_READY_Msk (0x1u << 0)
#define COMP_INTENSET_DOWN_Pos 1u
#define COMP_INTENSET_DOWN_Msk (0x1u << 1)
#define COMP_INTENCLR_DOWN_Pos 1u
#define COMP_INTENCLR_DOWN_Msk (0x1u << 1)
#define COMP_INTENSET_UP_Pos 2u
#define COMP_INTENSET_UP_Msk (0x1u << 2)
#define COMP_INTENCLR_UP_Pos 2u
#define COMP_INTENCLR_UP_Msk (0x1u << 2)
#define COMP_INTENSET_CROSS_Pos 3u
#define COMP_INTENSET_CROSS_Msk (0x1u << 3)
#define COMP_INTENCLR_CROSS_Pos 3u
#define COMP_INTENCLR_CROSS_Msk (0x1u << 3)
#define COMP_SHORTS_READY_SAMPLE_Pos 0u
#define COMP_SHORTS_READY_SAMPLE_Msk (0x1u << 0)
#define COMP_SHORTS_READY_STOP_Pos 1u
#define COMP_SHORTS_READY_STOP_Msk (0x1u << 1)
#define COMP_SHORTS_DOWN_STOP_Pos 2u
#define COMP_SHORTS_DOWN_STOP_Msk (0x1u << 2)
#define COMP_SHORTS_UP_STOP_Pos 3u
#define COMP_SHORTS_UP_STOP_Msk (0x1u << 3)
#define COMP_SHORTS_CROSS_STOP_Pos 4u
#define COMP_SHORTS_CROSS_STOP_Msk (0x1u << 4)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_SAMPLE;
  uint32_t mlbench_gap0[61];
  volatile uint32_t EVENTS_READY;
  volatile uint32_t EVENTS_DOWN;
  volatile uint32_t EVENTS_UP;
  volatile uint32_t EVENTS_CROSS;
  uint32_t mlbench_gap1[60];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[61];
  volatile uint32_t RESULT;
  uint32_t mlbench_gap4[63];
  volatile uint32_t ENABLE;
  volatile uint32_t PSEL;
  volatile uint32_t REFSEL;
  volatile uint32_t EXTREFSEL;
  uint32_t mlbench_gap5[4];
  volatile uint32_t ANADETECT;
  uint32_t mlbench_gap6[5];
  volatile uint32_t HYST;
} NRF_LPCOMP_Type;
#define NRF_LPCOMP_BASE 0x40013000u
#define NRF_LPCOMP ((NRF_LPCOMP_Type *)NRF_LPCOMP_BASE)
#define LPCOMP_INTENSET_READY_Pos 0u
#define LPCOMP_INTENSET_READY_Msk (0x1u << 0)
#define LPCOMP_INTENCLR_READY_Pos 0u
#define LPCOMP_INTENCLR_READY_Msk (0x1u << 0)
#define LPCOMP_INTENSET_DOWN_Pos 1u
#define LPCOMP_INTENSET_DOWN_Msk (0x1u << 1)
#define LPCOMP_INTENCLR_DOWN_Pos 1u
#define LPCOMP_INTENCLR_DOWN_Msk (0x1u << 1)
#define LPCOMP_INTENSET_UP_Pos 2u
#define LPCOMP_INTENSET_UP_Msk (0x1u << 2)
#define LPCOMP_INTENCLR_UP_Pos 2u
#define LPCOMP_INTENCLR_UP_Msk (0x1u << 2)
#define LPCOMP_INTENSET_CROSS_Pos 3u
#define LPCOMP_INTENSET_CROSS_Msk (0x1u << 3)
#define LPCOMP_INTENCLR_CROSS_Pos 3u
#define LPCOMP_INTENCLR_CROSS_Msk (0x1u << 3)
#define LPCOMP_SHORTS_READY_SAMPLE_Pos 0u
#define LPCOMP_SHORTS_READY_SAMPLE_Msk (0x1u << 0)
#define LPCOMP_SHORTS_READY_STOP_Pos 1u
#define LPCOMP_SHORTS_READY_STOP_Msk (0x1u << 1)
#define LPCOMP_SHORTS_DOWN_STOP_Pos 2u
#define LPCOMP_SHORTS_DOWN_STOP_Msk (0x1u << 2)
#define LPCOMP_SHORTS_UP_STOP_Pos 3u
#define LPCOMP_SHORTS_UP_STOP_Msk (0x1u << 3)
#define LPCOMP_SHORTS_CROSS_STOP_Pos 4u
#define LPCOMP_SHORTS_CROSS_STOP_Msk (0x1u << 4)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap0[62];
  volatile uint32_t EVENTS_VALRDY;
  uint32_t mlbench_gap1[63];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[126];
  volatile uint32_t CONFIG;
  volatile uint32_t VALUE;
} NRF_RNG_Type;
#define NRF_RNG_BASE 0x4000d000u
#define NRF_RNG ((NRF_RNG_Type *)NRF_RNG_BASE)
#define RNG_INTENSET_VALRDY_Pos 0u
#define RNG_INTENSET_VALRDY_Msk (0x1u << 0)
#define RNG_INTENCLR_VALRDY_Pos 0u
#define RNG_INTENCLR_VALRDY_Msk (0x1u << 0)
#define RNG_SHORTS_VALRDY_STOP_Pos 0u
#define RNG_SHORTS_VALRDY_STOP_Msk (0x1u << 0)

typedef struct {
  volatile uint32_t TASKS_STARTECB;
  volatile uint32_t TASKS_STOPECB;
  uint32_t mlbench_gap0[62];
  volatile uint32_t EVENTS_ENDECB;
  volatile uint32_t EVENTS_ERRORECB;
  uint32_t mlbench_gap1[62];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[126];
  volatile uint32_t ECBDATAPTR;
} NRF_ECB_Type;
#define NRF_ECB_BASE 0x4000e000u
#define NRF_ECB ((NRF_ECB_Type *)NRF_ECB_BASE)
#define ECB_INTENSET_ENDECB_Pos 0u
#define ECB_INTENSET_ENDECB_Msk (0x1u << 0)
#define ECB_INTENCLR_ENDECB_Pos 0u
#define ECB_INTENCLR_ENDECB_Msk (0x1u << 0)
#define ECB_INTENSET_ERRORECB_Pos 1u
#define ECB_INTENSET_ERRORECB_Msk (0x1u << 1)
#define ECB_INTENCLR_ERRORECB_Pos 1u
#define ECB_INTENCLR_ERRORECB_Msk (0x1u << 1)

typedef struct {
  volatile uint32_t TASKS_KSGEN;
  volatile uint32_t TASKS_CRYPT;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_RATEOVERRIDE;
  uint32_t mlbench_gap0[60];
  volatile uint32_t EVENTS_ENDKSGEN;
  volatile uint32_t EVENTS_ENDCRYPT;
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap1[61];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[61];
  volatile uint32_t STATUS;
  uint32_t mlbench_gap4[63];
  volatile uint32_t ENABLE;
  volatile uint32_t MODE;
  volatile uint32_t CNFPTR;
  volatile uint32_t INPTR;
  volatile uint32_t OUTPTR;
  volatile uint32_t SCRATCHPTR;
  volatile uint32_t MAXPACKETSIZE;
  volatile uint32_t RATEOVERRIDE;
} NRF_CCM_Type;
#define NRF_CCM_BASE 0x4000f000u
#define NRF_CCM ((NRF_CCM_Type *)NRF_CCM_BASE)
#define CCM_INTENSET_ENDKSGEN_Pos 0u
#define CCM_INTENSET_ENDKSGEN_Msk (0x1u << 0)
#define CCM_INTENCLR_ENDKSGEN_Pos 0u
#define CCM_INTENCLR_ENDKSGEN_Msk (0x1u << 0)
#define CCM_INTENSET_ENDCRYPT_Pos 1u
#define CCM_INTENSET_ENDCRYPT_Msk (0x1u << 1)
#define CCM_INTENCLR_ENDCRYPT_Pos 1u
#define CCM_INTENCLR_ENDCRYPT_Msk (0x1u << 1)
#define CCM_INTENSET_ERROR_Pos 2u
#define CCM_INTENSET_ERROR_Msk (0x1u << 2)
#define CCM_INTENCLR_ERROR_Pos 2u
#define CCM_INTENCLR_ERROR_Msk (0x1u << 2)
#define CCM_SHORTS_ENDKSGEN_CRYPT_Pos 0u
#define CCM_SHORTS_ENDKSGEN_CRYPT_Msk (0x1u << 0)

typedef struct {
  volatile uint32_t TASKS_START;
  uint32_t mlbench_gap0[1];
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap1[61];
  volatile uint32_t EVENTS_END;
  volatile uint32_t EVENTS_RESOLVED;
  volatile uint32_t EVENTS_NOTRESOLVED;
  uint32_t mlbench_gap2[61];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[61];
  volatile uint32_t STATUS;
  uint32_t mlbench_gap5[63];
  volatile uint32_t ENABLE;
  volatile uint32_t NIRK;
  volatile uint32_t IRKPTR;
  uint32_t mlbench_gap6[1];
  volatile uint32_t ADDRPTR;
  volatile uint32_t SCRATCHPTR;
} NRF_AAR_Type;
#define NRF_AAR_BASE 0x4000f000u
#define NRF_AAR ((NRF_AAR_Type *)NRF_AAR_BASE)
#define AAR_INTENSET_END_Pos 0u
#define AAR_INTENSET_END_Msk (0x1u << 0)
#define AAR_INTENCLR_END_Pos 0u
#define AAR_INTENCLR_END_Msk (0x1u << 0)
#define AAR_INTENSET_RESOLVED_Pos 1u
#define AAR_INTENSET_RESOLVED_Msk (0x1u << 1)
#define AAR_INTENCLR_RESOLVED_Pos 1u
#define AAR_INTENCLR_RESOLVED_Msk (0x1u << 1)
#define AAR_INTENSET_NOTRESOLVED_Pos 2u
#define AAR_INTENSET_NOTRESOLVED_Msk (0x1u << 2)
#define AAR_INTENCLR_NOTRESOLVED_Pos 2u
#define AAR_INTENCLR_NOTRESOLVED_Msk (0x1u << 2)

typedef struct {
  volatile uint32_t TASKS_START;
  uint32_t mlbench_gap0[63];
  volatile uint32_t EVENTS_TIMEOUT;
  uint32_t mlbench_gap1[63];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[61];
  volatile uint32_t RUNSTATUS;
  volatile uint32_t REQSTATUS;
  uint32_t mlbench_gap4[63];
  volatile uint32_t CRV;
  volatile uint32_t RREN;
  volatile uint32_t CONFIG;
  uint32_t mlbench_gap5[60];
  volatile uint32_t RR[8];
} NRF_WDT_Type;
#define NRF_WDT_BASE 0x40010000u
#define NRF_WDT ((NRF_WDT_Type *)NRF_WDT_BASE)
#define WDT_INTENSET_TIMEOUT_Pos 0u
#define WDT_INTENSET_TIMEOUT_Msk (0x1u << 0)
#define WDT_INTENCLR_TIMEOUT_Pos 0u
#define WDT_INTENCLR_TIMEOUT_Msk (0x1u << 0)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_READCLRACC;
  volatile uint32_t TASKS_RDCLRACC;
  volatile uint32_t TASKS_RDCLRDBL;
  uint32_t mlbench_gap0[59];
  volatile uint32_t EVENTS_SAMPLERDY;
  volatile uint32_t EVENTS_REPORTRDY;
  volatile uint32_t EVENTS_ACCOF;
  volatile uint32_t EVENTS_DBLRDY;
  volatile uint32_t EVENTS_STOPPED;
  uint32_t mlbench_gap1[59];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[125];
  volatile uint32_t ENABLE;
  volatile uint32_t LEDPOL;
  volatile uint32_t SAMPLEPER;
  volatile uint32_t SAMPLE;
  volatile uint32_t REPORTPER;
  volatile uint32_t ACC;
  volatile uint32_t ACCREAD;
  struct {
    volatile uint32_t LED;
    volatile uint32_t A;
    volatile uint32_t B;
  } PSEL;
  volatile uint32_t DBFEN;
  uint32_t mlbench_gap4[5];
  volatile uint32_t LEDPRE;
  volatile uint32_t ACCDBL;
  volatile uint32_t ACCDBLREAD;
} NRF_QDEC_Type;
#define NRF_QDEC_BASE 0x40012000u
#define NRF_QDEC ((NRF_QDEC_Type *)NRF_QDEC_BASE)
#define QDEC_INTENSET_SAMPLERDY_Pos 0u
#define QDEC_INTENSET_SAMPLERDY_Msk (0x1u << 0)
#define QDEC_INTENCLR_SAMPLERDY_Pos 0u
#define QDEC_INTENCLR_SAMPLERDY_Msk (0x1u << 0)
#define QDEC_INTENSET_REPORTRDY_Pos 1u
#define QDEC_INTENSET_REPORTRDY_Msk (0x1u << 1)
#define QDEC_INTENCLR_REPORTRDY_Pos 1u
#define QDEC_INTENCLR_REPORTRDY_Msk (0x1u << 1)
#define QDEC_INTENSET_ACCOF_Pos 2u
#define QDEC_INTENSET_ACCOF_Msk (0x1u << 2)
#define QDEC_INTENCLR_ACCOF_Pos 2u
#define QDEC_INTENCLR_ACCOF_Msk (0x1u << 2)
#define QDEC_INTENSET_DBLRDY_Pos 3u
#define QDEC_INTENSET_DBLRDY_Msk (0x1u << 3)
#define QDEC_INTENCLR_DBLRDY_Pos 3u
#define QDEC_INTENCLR_DBLRDY_Msk (0x1u << 3)
#define QDEC_INTENSET_STOPPED_Pos 4u
#define QDEC_INTENSET_STOPPED_Msk (0x1u << 4)
#define QDEC_INTENCLR_STOPPED_Pos 4u
#define QDEC_INTENCLR_STOPPED_Msk (0x1u << 4)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap0[62];
  volatile uint32_t EVENTS_STARTED;
  volatile uint32_t EVENTS_STOPPED;
  volatile uint32_t EVENTS_END;
  uint32_t mlbench_gap1[61];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[125];
  volatile uint32_t ENABLE;
  volatile uint32_t PDMCLKCTRL;
  volatile uint32_t MODE;
  uint32_t mlbench_gap4[3];
  volatile uint32_t GAINL;
  volatile uint32_t GAINR;
  volatile uint32_t RATIO;
  uint32_t mlbench_gap5[7];
  struct {
    volatile uint32_t CLK;
    volatile uint32_t DIN;
  } PSEL;
  uint32_t mlbench_gap6[6];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
  } SAMPLE;
} NRF_PDM_Type;
#define NRF_PDM_BASE 0x4001d000u
#define NRF_PDM ((NRF_PDM_Type *)NRF_PDM_BASE)
#define PDM_INTENSET_STARTED_Pos 0u
#define PDM_INTENSET_STARTED_Msk (0x1u << 0)
#define PDM_INTENCLR_STARTED_Pos 0u
#define PDM_INTENCLR_STARTED_Msk (0x1u << 0)
#define PDM_INTENSET_STOPPED_Pos 1u
#define PDM_INTENSET_STOPPED_Msk (0x1u << 1)
#define PDM_INTENCLR_STOPPED_Pos 1u
#define PDM_INTENCLR_STOPPED_Msk (0x1u << 1)
#define PDM_INTENSET_END_Pos 2u
#define PDM_INTENSET_END_Msk (0x1u << 2)
#define PDM_INTENCLR_END_Pos 2u
#define PDM_INTENCLR_END_Msk (0x1u << 2)

typedef struct {
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  uint32_t mlbench_gap0[63];
  volatile uint32_t EVENTS_RXPTRUPD;
  volatile uint32_t EVENTS_STOPPED;
  uint32_t mlbench_gap1[2];
  volatile uint32_t EVENTS_TXPTRUPD;
  uint32_t mlbench_gap2[58];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[125];
  volatile uint32_t ENABLE;
  struct {
    volatile uint32_t MODE;
    volatile uint32_t RXEN;
    volatile uint32_t TXEN;
    volatile uint32_t MCKEN;
    volatile uint32_t MCKFREQ;
    volatile uint32_t RATIO;
    volatile uint32_t SWIDTH;
    volatile uint32_t ALIGN;
    volatile uint32_t FORMAT;
    volatile uint32_t CHANNELS;
  } CONFIG;
  uint32_t mlbench_gap5[3];
  struct {
    volatile uint32_t PTR;
  } RXD;
  uint32_t mlbench_gap6[1];
  struct {
    volatile uint32_t PTR;
  } TXD;
  uint32_t mlbench_gap7[3];
  struct {
    volatile uint32_t MAXCNT;
  } RXTXD;
  uint32_t mlbench_gap8[3];
  struct {
    volatile uint32_t MCK;
    volatile uint32_t SCK;
    volatile uint32_t LRCK;
    volatile uint32_t SDIN;
    volatile uint32_t SDOUT;
  } PSEL;
} NRF_I2S_Type;
#define NRF_I2S_BASE 0x40025000u
#define NRF_I2S ((NRF_I2S_Type *)NRF_I2S_BASE)
#define I2S_INTENSET_RXPTRUPD_Pos 1u
#define I2S_INTENSET_RXPTRUPD_Msk (0x1u << 1)
#define I2S_INTENCLR_RXPTRUPD_Pos 1u
#define I2S_INTENCLR_RXPTRUPD_Msk (0x1u << 1)
#define I2S_INTENSET_STOPPED_Pos 2u
#define I2S_INTENSET_STOPPED_Msk (0x1u << 2)
#define I2S_INTENCLR_STOPPED_Pos 2u
#define I2S_INTENCLR_STOPPED_Msk (0x1u << 2)
#define I2S_INTENSET_TXPTRUPD_Pos 5u
#define I2S_INTENSET_TXPTRUPD_Msk (0x1u << 5)
#define I2S_INTENCLR_TXPTRUPD_Pos 5u
#define I2S_INTENCLR_TXPTRUPD_Msk (0x1u << 5)

typedef struct {
  volatile uint32_t TASKS_TXEN;
  volatile uint32_t TASKS_RXEN;
  volatile uint32_t TASKS_START;
  volatile uint32_t TASKS_STOP;
  volatile uint32_t TASKS_DISABLE;
  volatile uint32_t TASKS_RSSISTART;
  volatile uint32_t TASKS_RSSISTOP;
  volatile uint32_t TASKS_BCSTART;
  volatile uint32_t TASKS_BCSTOP;
  volatile uint32_t TASKS_EDSTART;
  volatile uint32_t TASKS_EDSTOP;
  volatile uint32_t TASKS_CCASTART;
  volatile uint32_t TASKS_CCASTOP;
  uint32_t mlbench_gap0[51];
  volatile uint32_t EVENTS_READY;
  volatile uint32_t EVENTS_ADDRESS;
  volatile uint32_t EVENTS_PAYLOAD;
  volatile uint32_t EVENTS_END;
  volatile uint32_t EVENTS_DISABLED;
  volatile uint32_t EVENTS_DEVMATCH;
  volatile uint32_t EVENTS_DEVMISS;
  volatile uint32_t EVENTS_RSSIEND;
  uint32_t mlbench_gap1[2];
  volatile uint32_t EVENTS_BCMATCH;
  uint32_t mlbench_gap2[1];
  volatile uint32_t EVENTS_CRCOK;
  volatile uint32_t EVENTS_CRCERROR;
  volatile uint32_t EVENTS_FRAMESTART;
  volatile uint32_t EVENTS_EDEND;
  volatile uint32_t EVENTS_EDSTOPPED;
  volatile uint32_t EVENTS_CCAIDLE;
  volatile uint32_t EVENTS_CCABUSY;
  volatile uint32_t EVENTS_CCASTOPPED;
  volatile uint32_t EVENTS_RATEBOOST;
  volatile uint32_t EVENTS_TXREADY;
  volatile uint32_t EVENTS_RXREADY;
  volatile uint32_t EVENTS_MHRMATCH;
  uint32_t mlbench_gap3[2];
  volatile uint32_t EVENTS_SYNC;
  volatile uint32_t EVENTS_PHYEND;
  uint32_t mlbench_gap4[36];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap5[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap6[61];
  volatile uint32_t CRCSTATUS;
  uint32_t mlbench_gap7[1];
  volatile uint32_t RXMATCH;
  volatile uint32_t RXCRC;
  volatile uint32_t DAI;
  volatile uint32_t PDUSTAT;
  uint32_t mlbench_gap8[59];
  volatile uint32_t PACKETPTR;
  volatile uint32_t FREQUENCY;
  volatile uint32_t TXPOWER;
  volatile uint32_t MODE;
  volatile uint32_t PCNF0;
  volatile uint32_t PCNF1;
  volatile uint32_t BASE0;
  volatile uint32_t BASE1;
  volatile uint32_t PREFIX0;
  volatile uint32_t PREFIX1;
  volatile uint32_t TXADDRESS;
  volatile uint32_t RXADDRESSES;
  volatile uint32_t CRCCNF;
  volatile uint32_t CRCPOLY;
  volatile uint32_t CRCINIT;
  uint32_t mlbench_gap9[1];
  volatile uint32_t TIFS;
  volatile uint32_t RSSISAMPLE;
  uint32_t mlbench_gap10[1];
  volatile uint32_t STATE;
  volatile uint32_t DATAWHITEIV;
  uint32_t mlbench_gap11[2];
  volatile uint32_t BCC;
  uint32_t mlbench_gap12[39];
  volatile uint32_t DAB[8];
  volatile uint32_t DAP[8];
  volatile uint32_t DACNF;
  volatile uint32_t MHRMATCHCONF;
  volatile uint32_t MHRMATCHMAS;
  uint32_t mlbench_gap13[1];
  volatile uint32_t MODECNF0;
  uint32_t mlbench_gap14[3];
  volatile uint32_t SFD;
  volatile uint32_t EDCNT;
  volatile uint32_t EDSAMPLE;
  volatile uint32_t CCACTRL;
  uint32_t mlbench_gap15[611];
  volatile uint32_t POWER;
} NRF_RADIO_Type;
#define NRF_RADIO_BASE 0x40001000u
#define NRF_RADIO ((NRF_RADIO_Type *)NRF_RADIO_BASE)
#define RADIO_INTENSET_READY_Pos 0u
#define RADIO_INTENSET_READY_Msk (0x1u << 0)
#define RADIO_INTENCLR_READY_Pos 0u
#define RADIO_INTENCLR_READY_Msk (0x1u << 0)
#define RADIO_INTENSET_ADDRESS_Pos 1u
#define RADIO_INTENSET_ADDRESS_Msk (0x1u << 1)
#define RADIO_INTENCLR_ADDRESS_Pos 1u
#define RADIO_INTENCLR_ADDRESS_Msk (0x1u << 1)
#define RADIO_INTENSET_PAYLOAD_Pos 2u
#define RADIO_INTENSET_PAYLOAD_Msk (0x1u << 2)
#define RADIO_INTENCLR_PAYLOAD_Pos 2u
#define RADIO_INTENCLR_PAYLOAD_Msk (0x1u << 2)
#define RADIO_INTENSET_END_Pos 3u
#define RADIO_INTENSET_END_Msk (0x1u << 3)
#define RADIO_INTENCLR_END_Pos 3u
#define RADIO_INTENCLR_END_Msk (0x1u << 3)
#define RADIO_INTENSET_DISABLED_Pos 4u
#define RADIO_INTENSET_DISABLED_Msk (0x1u << 4)
#define RADIO_INTENCLR_DISABLED_Pos 4u
#define RADIO_INTENCLR_DISABLED_Msk (0x1u << 4)
#define RADIO_INTENSET_DEVMATCH_Pos 5u
#define RADIO_INTENSET_DEVMATCH_Msk (0x1u << 5)
#define RADIO_INTENCLR_DEVMATCH_Pos 5u
#define RADIO_INTENCLR_DEVMATCH_Msk (0x1u << 5)
#define RADIO_INTENSET_DEVMISS_Pos 6u
#define RADIO_INTENSET_DEVMISS_Msk (0x1u << 6)
#define RADIO_INTENCLR_DEVMISS_Pos 6u
#define RADIO_INTENCLR_DEVMISS_Msk (0x1u << 6)
#define RADIO_INTENSET_RSSIEND_Pos 7u
#define RADIO_INTENSET_RSSIEND_Msk (0x1u << 7)
#define RADIO_INTENCLR_RSSIEND_Pos 7u
#define RADIO_INTENCLR_RSSIEND_Msk (0x1u << 7)
#define RADIO_INTENSET_BCMATCH_Pos 10u
#define RADIO_INTENSET_BCMATCH_Msk (0x1u << 10)
#define RADIO_INTENCLR_BCMATCH_Pos 10u
#define RADIO_INTENCLR_BCMATCH_Msk (0x1u << 10)
#define RADIO_INTENSET_CRCOK_Pos 12u
#define RADIO_INTENSET_CRCOK_Msk (0x1u << 12)
#define RADIO_INTENCLR_CRCOK_Pos 12u
#define RADIO_INTENCLR_CRCOK_Msk (0x1u << 12)
#define RADIO_INTENSET_CRCERROR_Pos 13u
#define RADIO_INTENSET_CRCERROR_Msk (0x1u << 13)
#define RADIO_INTENCLR_CRCERROR_Pos 13u
#define RADIO_INTENCLR_CRCERROR_Msk (0x1u << 13)
#define RADIO_INTENSET_FRAMESTART_Pos 14u
#define RADIO_INTENSET_FRAMESTART_Msk (0x1u << 14)
#define RADIO_INTENCLR_FRAMESTART_Pos 14u
#define RADIO_INTENCLR_FRAMESTART_Msk (0x1u << 14)
#define RADIO_INTENSET_EDEND_Pos 15u
#define RADIO_INTENSET_EDEND_Msk (0x1u << 15)
#define RADIO_INTENCLR_EDEND_Pos 15u
#define RADIO_INTENCLR_EDEND_Msk (0x1u << 15)
#define RADIO_INTENSET_EDSTOPPED_Pos 16u
#define RADIO_INTENSET_EDSTOPPED_Msk (0x1u << 16)
#define RADIO_INTENCLR_EDSTOPPED_Pos 16u
#define RADIO_INTENCLR_EDSTOPPED_Msk (0x1u << 16)
#define RADIO_INTENSET_CCAIDLE_Pos 17u
#define RADIO_INTENSET_CCAIDLE_Msk (0x1u << 17)
#define RADIO_INTENCLR_CCAIDLE_Pos 17u
#define RADIO_INTENCLR_CCAIDLE_Msk (0x1u << 17)
#define RADIO_INTENSET_CCABUSY_Pos 18u
#define RADIO_INTENSET_CCABUSY_Msk (0x1u << 18)
#define RADIO_INTENCLR_CCABUSY_Pos 18u
#define RADIO_INTENCLR_CCABUSY_Msk (0x1u << 18)
#define RADIO_INTENSET_CCASTOPPED_Pos 19u
#define RADIO_INTENSET_CCASTOPPED_Msk (0x1u << 19)
#define RADIO_INTENCLR_CCASTOPPED_Pos 19u
#define RADIO_INTENCLR_CCASTOPPED_Msk (0x1u << 19)
#define RADIO_INTENSET_RATEBOOST_Pos 20u
#define RADIO_INTENSET_RATEBOOST_Msk (0x1u << 20)
#define RADIO_INTENCLR_RATEBOOST_Pos 20u
#define RADIO_INTENCLR_RATEBOOST_Msk (0x1u << 20)
#define RADIO_INTENSET_TXREADY_Pos 21u
#define RADIO_INTENSET_TXREADY_Msk (0x1u << 21)
#define RADIO_INTENCLR_TXREADY_Pos 21u
#define RADIO_INTENCLR_TXREADY_Msk (0x1u << 21)
#define RADIO_INTENSET_RXREADY_Pos 22u
#define RADIO_INTENSET_RXREADY_Msk (0x1u << 22)
#define RADIO_INTENCLR_RXREADY_Pos 22u
#define RADIO_INTENCLR_RXREADY_Msk (0x1u << 22)
#define RADIO_INTENSET_MHRMATCH_Pos 23u
#define RADIO_INTENSET_MHRMATCH_Msk (0x1u << 23)
#define RADIO_INTENCLR_MHRMATCH_Pos 23u
#define RADIO_INTENCLR_MHRMATCH_Msk (0x1u << 23)
#define RADIO_INTENSET_SYNC_Pos 26u
#define RADIO_INTENSET_SYNC_Msk (0x1u << 26)
#define RADIO_INTENCLR_SYNC_Pos 26u
#define RADIO_INTENCLR_SYNC_Msk (0x1u << 26)
#define RADIO_INTENSET_PHYEND_Pos 27u
#define RADIO_INTENSET_PHYEND_Msk (0x1u << 27)
#define RADIO_INTENCLR_PHYEND_Pos 27u
#define RADIO_INTENCLR_PHYEND_Msk (0x1u << 27)
#define RADIO_SHORTS_READY_START_Pos 0u
#define RADIO_SHORTS_READY_START_Msk (0x1u << 0)
#define RADIO_SHORTS_END_DISABLE_Pos 1u
#define RADIO_SHORTS_END_DISABLE_Msk (0x1u << 1)
#define RADIO_SHORTS_DISABLED_TXEN_Pos 2u
#define RADIO_SHORTS_DISABLED_TXEN_Msk (0x1u << 2)
#define RADIO_SHORTS_DISABLED_RXEN_Pos 3u
#define RADIO_SHORTS_DISABLED_RXEN_Msk (0x1u << 3)
#define RADIO_SHORTS_ADDRESS_RSSISTART_Pos 4u
#define RADIO_SHORTS_ADDRESS_RSSISTART_Msk (0x1u << 4)
#define RADIO_SHORTS_END_START_Pos 5u
#define RADIO_SHORTS_END_START_Msk (0x1u << 5)
#define RADIO_SHORTS_ADDRESS_BCSTART_Pos 6u
#define RADIO_SHORTS_ADDRESS_BCSTART_Msk (0x1u << 6)
#define RADIO_SHORTS_DISABLED_RSSISTOP_Pos 8u
#define RADIO_SHORTS_DISABLED_RSSISTOP_Msk (0x1u << 8)
#define RADIO_SHORTS_RXREADY_CCASTART_Pos 11u
#define RADIO_SHORTS_RXREADY_CCASTART_Msk (0x1u << 11)
#define RADIO_SHORTS_CCAIDLE_TXEN_Pos 12u
#define RADIO_SHORTS_CCAIDLE_TXEN_Msk (0x1u << 12)
#define RADIO_SHORTS_CCABUSY_DISABLE_Pos 13u
#define RADIO_SHORTS_CCABUSY_DISABLE_Msk (0x1u << 13)
#define RADIO_SHORTS_FRAMESTART_BCSTART_Pos 14u
#define RADIO_SHORTS_FRAMESTART_BCSTART_Msk (0x1u << 14)
#define RADIO_SHORTS_READY_EDSTART_Pos 15u
#define RADIO_SHORTS_READY_EDSTART_Msk (0x1u << 15)
#define RADIO_SHORTS_EDEND_DISABLE_Pos 16u
#define RADIO_SHORTS_EDEND_DISABLE_Msk (0x1u << 16)
#define RADIO_SHORTS_CCAIDLE_STOP_Pos 17u
#define RADIO_SHORTS_CCAIDLE_STOP_Msk (0x1u << 17)
#define RADIO_SHORTS_TXREADY_START_Pos 18u
#define RADIO_SHORTS_TXREADY_START_Msk (0x1u << 18)
#define RADIO_SHORTS_RXREADY_START_Pos 19u
#define RADIO_SHORTS_RXREADY_START_Msk (0x1u << 19)
#define RADIO_SHORTS_PHYEND_DISABLE_Pos 20u
#define RADIO_SHORTS_PHYEND_DISABLE_Msk (0x1u << 20)
#define RADIO_SHORTS_PHYEND_START_Pos 21u
#define RADIO_SHORTS_PHYEND_START_Msk (0x1u << 21)

typedef struct {
  volatile uint32_t TASKS_ACTIVATE;
  volatile uint32_t TASKS_DISABLE;
  volatile uint32_t TASKS_SENSE;
  volatile uint32_t TASKS_STARTTX;
  uint32_t mlbench_gap0[3];
  volatile uint32_t TASKS_ENABLERXDATA;
  uint32_t mlbench_gap1[1];
  volatile uint32_t TASKS_GOIDLE;
  volatile uint32_t TASKS_GOSLEEP;
  uint32_t mlbench_gap2[53];
  volatile uint32_t EVENTS_READY;
  volatile uint32_t EVENTS_FIELDDETECTED;
  volatile uint32_t EVENTS_FIELDLOST;
  volatile uint32_t EVENTS_TXFRAMESTART;
  volatile uint32_t EVENTS_TXFRAMEEND;
  volatile uint32_t EVENTS_RXFRAMESTART;
  volatile uint32_t EVENTS_RXFRAMEEND;
  volatile uint32_t EVENTS_ERROR;
  uint32_t mlbench_gap3[2];
  volatile uint32_t EVENTS_RXERROR;
  volatile uint32_t EVENTS_ENDRX;
  volatile uint32_t EVENTS_ENDTX;
  uint32_t mlbench_gap4[1];
  volatile uint32_t EVENTS_AUTOCOLRESSTARTED;
  uint32_t mlbench_gap5[3];
  volatile uint32_t EVENTS_COLLISION;
  volatile uint32_t EVENTS_SELECTED;
  volatile uint32_t EVENTS_STARTED;
  uint32_t mlbench_gap6[43];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap7[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap8[62];
  volatile uint32_t ERRORSTATUS;
  uint32_t mlbench_gap9[1];
  struct {
    volatile uint32_t RX;
  } FRAMESTATUS;
  volatile uint32_t NFCTAGSTATE;
  uint32_t mlbench_gap10[3];
  volatile uint32_t SLEEPSTATE;
  uint32_t mlbench_gap11[6];
  volatile uint32_t FIELDPRESENT;
  uint32_t mlbench_gap12[49];
  volatile uint32_t FRAMEDELAYMIN;
  volatile uint32_t FRAMEDELAYMAX;
  volatile uint32_t FRAMEDELAYMODE;
  volatile uint32_t PACKETPTR;
  volatile uint32_t MAXLEN;
  struct {
    volatile uint32_t FRAMECONFIG;
    volatile uint32_t AMOUNT;
  } TXD;
  struct {
    volatile uint32_t FRAMECONFIG;
    volatile uint32_t AMOUNT;
  } RXD;
  uint32_t mlbench_gap13[26];
  volatile uint32_t NFCID1_LAST;
  volatile uint32_t NFCID1_2ND_LAST;
  volatile uint32_t NFCID1_3RD_LAST;
  volatile uint32_t AUTOCOLRESCONFIG;
  volatile uint32_t SENSRES;
  volatile uint32_t SELRES;
} NRF_NFCT_Type;
#define NRF_NFCT_BASE 0x40005000u
#define NRF_NFCT ((NRF_NFCT_Type *)NRF_NFCT_BASE)
#define NFCT_INTENSET_READY_Pos 0u
#define NFCT_INTENSET_READY_Msk (0x1u << 0)
#define NFCT_INTENCLR_READY_Pos 0u
#define NFCT_INTENCLR_READY_Msk (0x1u << 0)
#define NFCT_INTENSET_FIELDDETECTED_Pos 1u
#define NFCT_INTENSET_FIELDDETECTED_Msk (0x1u << 1)
#define NFCT_INTENCLR_FIELDDETECTED_Pos 1u
#define NFCT_INTENCLR_FIELDDETECTED_Msk (0x1u << 1)
#define NFCT_INTENSET_FIELDLOST_Pos 2u
#define NFCT_INTENSET_FIELDLOST_Msk (0x1u << 2)
#define NFCT_INTENCLR_FIELDLOST_Pos 2u
#define NFCT_INTENCLR_FIELDLOST_Msk (0x1u << 2)
#define NFCT_INTENSET_TXFRAMESTART_Pos 3u
#define NFCT_INTENSET_TXFRAMESTART_Msk (0x1u << 3)
#define NFCT_INTENCLR_TXFRAMESTART_Pos 3u
#define NFCT_INTENCLR_TXFRAMESTART_Msk (0x1u << 3)
#define NFCT_INTENSET_TXFRAMEEND_Pos 4u
#define NFCT_INTENSET_TXFRAMEEND_Msk (0x1u << 4)
#define NFCT_INTENCLR_TXFRAMEEND_Pos 4u
#define NFCT_INTENCLR_TXFRAMEEND_Msk (0x1u << 4)
#define NFCT_INTENSET_RXFRAMESTART_Pos 5u
#define NFCT_INTENSET_RXFRAMESTART_Msk (0x1u << 5)
#define NFCT_INTENCLR_RXFRAMESTART_Pos 5u
#define NFCT_INTENCLR_RXFRAMESTART_Msk (0x1u << 5)
#define NFCT_INTENSET_RXFRAMEEND_Pos 6u
#define NFCT_INTENSET_RXFRAMEEND_Msk (0x1u << 6)
#define NFCT_INTENCLR_RXFRAMEEND_Pos 6u
#define NFCT_INTENCLR_RXFRAMEEND_Msk (0x1u << 6)
#define NFCT_INTENSET_ERROR_Pos 7u
#define NFCT_INTENSET_ERROR_Msk (0x1u << 7)
#define NFCT_INTENCLR_ERROR_Pos 7u
#define NFCT_INTENCLR_ERROR_Msk (0x1u << 7)
#define NFCT_INTENSET_RXERROR_Pos 10u
#define NFCT_INTENSET_RXERROR_Msk (0x1u << 10)
#define NFCT_INTENCLR_RXERROR_Pos 10u
#define NFCT_INTENCLR_RXERROR_Msk (0x1u << 10)
#define NFCT_INTENSET_ENDRX_Pos 11u
#define NFCT_INTENSET_ENDRX_Msk (0x1u << 11)
#define NFCT_INTENCLR_ENDRX_Pos 11u
#define NFCT_INTENCLR_ENDRX_Msk (0x1u << 11)
#define NFCT_INTENSET_ENDTX_Pos 12u
#define NFCT_INTENSET_ENDTX_Msk (0x1u << 12)
#define NFCT_INTENCLR_ENDTX_Pos 12u
#define NFCT_INTENCLR_ENDTX_Msk (0x1u << 12)
#define NFCT_INTENSET_AUTOCOLRESSTARTED_Pos 14u
#define NFCT_INTENSET_AUTOCOLRESSTARTED_Msk (0x1u << 14)
#define NFCT_INTENCLR_AUTOCOLRESSTARTED_Pos 14u
#define NFCT_INTENCLR_AUTOCOLRESSTARTED_Msk (0x1u << 14)
#define NFCT_INTENSET_COLLISION_Pos 18u
#define NFCT_INTENSET_COLLISION_Msk (0x1u << 18)
#define NFCT_INTENCLR_COLLISION_Pos 18u
#define NFCT_INTENCLR_COLLISION_Msk (0x1u << 18)
#define NFCT_INTENSET_SELECTED_Pos 19u
#define NFCT_INTENSET_SELECTED_Msk (0x1u << 19)
#define NFCT_INTENCLR_SELECTED_Pos 19u
#define NFCT_INTENCLR_SELECTED_Msk (0x1u << 19)
#define NFCT_INTENSET_STARTED_Pos 20u
#define NFCT_INTENSET_STARTED_Msk (0x1u << 20)
#define NFCT_INTENCLR_STARTED_Pos 20u
#define NFCT_INTENCLR_STARTED_Msk (0x1u << 20)

typedef struct {
  uint32_t mlbench_gap0[64];
  struct {
    volatile uint32_t WA;
    volatile uint32_t RA;
  } EVENTS_REGION[4];
  uint32_t mlbench_gap1[16];
  struct {
    volatile uint32_t WA;
    volatile uint32_t RA;
  } EVENTS_PREGION[2];
  uint32_t mlbench_gap2[36];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[5];
  volatile uint32_t NMIEN;
  volatile uint32_t NMIENSET;
  volatile uint32_t NMIENCLR;
  uint32_t mlbench_gap5[53];
  struct {
    volatile uint32_t SUBSTATWA;
    volatile uint32_t SUBSTATRA;
  } PERREGION[2];
  uint32_t mlbench_gap6[64];
  volatile uint32_t REGIONEN;
  volatile uint32_t REGIONENSET;
  volatile uint32_t REGIONENCLR;
  uint32_t mlbench_gap7[57];
  struct {
    volatile uint32_t START;
    volatile uint32_t END;
    uint32_t mlbench_gap0[2];
  } REGION[4];
  uint32_t mlbench_gap8[32];
  struct {
    volatile uint32_t START;
    volatile uint32_t END;
    volatile uint32_t SUBS;
    uint32_t mlbench_gap0[1];
  } PREGION[2];
} NRF_MWU_Type;
#define NRF_MWU_BASE 0x40020000u
#define NRF_MWU ((NRF_MWU_Type *)NRF_MWU_BASE)
#define MWU_INTENSET_REGION0WA_Pos 0u
#define MWU_INTENSET_REGION0WA_Msk (0x1u << 0)
#define MWU_INTENCLR_REGION0WA_Pos 0u
#define MWU_INTENCLR_REGION0WA_Msk (0x1u << 0)
#define MWU_INTENSET_REGION1WA_Pos 2u
#define MWU_INTENSET_REGION1WA_Msk (0x1u << 2)
#define MWU_INTENCLR_REGION1WA_Pos 2u
#define MWU_INTENCLR_REGION1WA_Msk (0x1u << 2)
#define MWU_INTENSET_REGION2WA_Pos 4u
#define MWU_INTENSET_REGION2WA_Msk (0x1u << 4)
#define MWU_INTENCLR_REGION2WA_Pos 4u
#define MWU_INTENCLR_REGION2WA_Msk (0x1u << 4)
#define MWU_INTENSET_REGION3WA_Pos 6u
#define MWU_INTENSET_REGION3WA_Msk (0x1u << 6)
#define MWU_INTENCLR_REGION3WA_Pos 6u
#define MWU_INTENCLR_REGION3WA_Msk (0x1u << 6)
#define MWU_INTENSET_REGION0RA_Pos 1u
#define MWU_INTENSET_REGION0RA_Msk (0x1u << 1)
#define MWU_INTENCLR_REGION0RA_Pos 1u
#define MWU_INTENCLR_REGION0RA_Msk (0x1u << 1)
#define MWU_INTENSET_REGION1RA_Pos 3u
#define MWU_INTENSET_REGION1RA_Msk (0x1u << 3)
#define MWU_INTENCLR_REGION1RA_Pos 3u
#define MWU_INTENCLR_REGION1RA_Msk (0x1u << 3)
#define MWU_INTENSET_REGION2RA_Pos 5u
#define MWU_INTENSET_REGION2RA_Msk (0x1u << 5)
#define MWU_INTENCLR_REGION2RA_Pos 5u
#define MWU_INTENCLR_REGION2RA_Msk (0x1u << 5)
#define MWU_INTENSET_REGION3RA_Pos 7u
#define MWU_INTENSET_REGION3RA_Msk (0x1u << 7)
#define MWU_INTENCLR_REGION3RA_Pos 7u
#define MWU_INTENCLR_REGION3RA_Msk (0x1u << 7)
#define MWU_INTENSET_PREGION0WA_Pos 24u
#define MWU_INTENSET_PREGION0WA_Msk (0x1u << 24)
#define MWU_INTENCLR_PREGION0WA_Pos 24u
#define MWU_INTENCLR_PREGION0WA_Msk (0x1u << 24)
#define MWU_INTENSET_PREGION1WA_Pos 26u
#define MWU_INTENSET_PREGION1WA_Msk (0x1u << 26)
#define MWU_INTENCLR_PREGION1WA_Pos 26u
#define MWU_INTENCLR_PREGION1WA_Msk (0x1u << 26)
#define MWU_INTENSET_PREGION0RA_Pos 25u
#define MWU_INTENSET_PREGION0RA_Msk (0x1u << 25)
#define MWU_INTENCLR_PREGION0RA_Pos 25u
#define MWU_INTENCLR_PREGION0RA_Msk (0x1u << 25)
#define MWU_INTENSET_PREGION1RA_Pos 27u
#define MWU_INTENSET_PREGION1RA_Msk (0x1u << 27)
#define MWU_INTENCLR_PREGION1RA_Pos 27u
#define MWU_INTENCLR_PREGION1RA_Msk (0x1u << 27)

typedef struct {
  uint32_t mlbench_gap0[1];
  volatile uint32_t TASKS_STARTEPIN[8];
  volatile uint32_t TASKS_STARTISOIN;
  volatile uint32_t TASKS_STARTEPOUT[8];
  volatile uint32_t TASKS_STARTISOOUT;
  volatile uint32_t TASKS_EP0RCVOUT;
  volatile uint32_t TASKS_EP0STATUS;
  volatile uint32_t TASKS_EP0STALL;
  volatile uint32_t TASKS_DPDMDRIVE;
  volatile uint32_t TASKS_DPDMNODRIVE;
  uint32_t mlbench_gap1[40];
  volatile uint32_t EVENTS_USBRESET;
  volatile uint32_t EVENTS_STARTED;
  volatile uint32_t EVENTS_ENDEPIN[8];
  volatile uint32_t EVENTS_EP0DATADONE;
  volatile uint32_t EVENTS_ENDISOIN;
  volatile uint32_t EVENTS_ENDEPOUT[8];
  volatile uint32_t EVENTS_ENDISOOUT;
  volatile uint32_t EVENTS_SOF;
  volatile uint32_t EVENTS_USBEVENT;
  volatile uint32_t EVENTS_EP0SETUP;
  volatile uint32_t EVENTS_EPDATA;
  uint32_t mlbench_gap2[39];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap3[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap4[61];
  volatile uint32_t EVENTCAUSE;
  uint32_t mlbench_gap5[7];
  struct {
    volatile uint32_t EPIN[8];
    uint32_t mlbench_gap0[1];
    volatile uint32_t EPOUT[8];
  } HALTED;
  uint32_t mlbench_gap6[1];
  volatile uint32_t EPSTATUS;
  volatile uint32_t EPDATASTATUS;
  volatile uint32_t USBADDR;
  uint32_t mlbench_gap7[3];
  volatile uint32_t BMREQUESTTYPE;
  volatile uint32_t BREQUEST;
  volatile uint32_t WVALUEL;
  volatile uint32_t WVALUEH;
  volatile uint32_t WINDEXL;
  volatile uint32_t WINDEXH;
  volatile uint32_t WLENGTHL;
  volatile uint32_t WLENGTHH;
  struct {
    volatile uint32_t EPOUT[8];
    volatile uint32_t ISOOUT;
  } SIZE;
  uint32_t mlbench_gap8[15];
  volatile uint32_t ENABLE;
  volatile uint32_t USBPULLUP;
  volatile uint32_t DPDMVALUE;
  volatile uint32_t DTOGGLE;
  volatile uint32_t EPINEN;
  volatile uint32_t EPOUTEN;
  volatile uint32_t EPSTALL;
  volatile uint32_t ISOSPLIT;
  volatile uint32_t FRAMECNTR;
  uint32_t mlbench_gap9[2];
  volatile uint32_t LOWPOWER;
  volatile uint32_t ISOINCONFIG;
  uint32_t mlbench_gap10[51];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    uint32_t mlbench_gap0[2];
  } EPIN[8];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
  } ISOIN;
  uint32_t mlbench_gap11[21];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
    uint32_t mlbench_gap0[2];
  } EPOUT[8];
  struct {
    volatile uint32_t PTR;
    volatile uint32_t MAXCNT;
    volatile uint32_t AMOUNT;
  } ISOOUT;
} NRF_USBD_Type;
#define NRF_USBD_BASE 0x40027000u
#define NRF_USBD ((NRF_USBD_Type *)NRF_USBD_BASE)
#define USBD_INTENSET_USBRESET_Pos 0u
#define USBD_INTENSET_USBRESET_Msk (0x1u << 0)
#define USBD_INTENCLR_USBRESET_Pos 0u
#define USBD_INTENCLR_USBRESET_Msk (0x1u << 0)
#define USBD_INTENSET_STARTED_Pos 1u
#define USBD_INTENSET_STARTED_Msk (0x1u << 1)
#define USBD_INTENCLR_STARTED_Pos 1u
#define USBD_INTENCLR_STARTED_Msk (0x1u << 1)
#define USBD_INTENSET_ENDEPIN0_Pos 2u
#define USBD_INTENSET_ENDEPIN0_Msk (0x1u << 2)
#define USBD_INTENCLR_ENDEPIN0_Pos 2u
#define USBD_INTENCLR_ENDEPIN0_Msk (0x1u << 2)
#define USBD_INTENSET_ENDEPIN1_Pos 3u
#define USBD_INTENSET_ENDEPIN1_Msk (0x1u << 3)
#define USBD_INTENCLR_ENDEPIN1_Pos 3u
#define USBD_INTENCLR_ENDEPIN1_Msk (0x1u << 3)
#define USBD_INTENSET_ENDEPIN2_Pos 4u
#define USBD_INTENSET_ENDEPIN2_Msk (0x1u << 4)
#define USBD_INTENCLR_ENDEPIN2_Pos 4u
#define USBD_INTENCLR_ENDEPIN2_Msk (0x1u << 4)
#define USBD_INTENSET_ENDEPIN3_Pos 5u
#define USBD_INTENSET_ENDEPIN3_Msk (0x1u << 5)
#define USBD_INTENCLR_ENDEPIN3_Pos 5u
#define USBD_INTENCLR_ENDEPIN3_Msk (0x1u << 5)
#define USBD_INTENSET_ENDEPIN4_Pos 6u
#define USBD_INTENSET_ENDEPIN4_Msk (0x1u << 6)
#define USBD_INTENCLR_ENDEPIN4_Pos 6u
#define USBD_INTENCLR_ENDEPIN4_Msk (0x1u << 6)
#define USBD_INTENSET_ENDEPIN5_Pos 7u
#define USBD_INTENSET_ENDEPIN5_Msk (0x1u << 7)
#define USBD_INTENCLR_ENDEPIN5_Pos 7u
#define USBD_INTENCLR_ENDEPIN5_Msk (0x1u << 7)
#define USBD_INTENSET_ENDEPIN6_Pos 8u
#define USBD_INTENSET_ENDEPIN6_Msk (0x1u << 8)
#define USBD_INTENCLR_ENDEPIN6_Pos 8u
#define USBD_INTENCLR_ENDEPIN6_Msk (0x1u << 8)
#define USBD_INTENSET_ENDEPIN7_Pos 9u
#define USBD_INTENSET_ENDEPIN7_Msk (0x1u << 9)
#define USBD_INTENCLR_ENDEPIN7_Pos 9u
#define USBD_INTENCLR_ENDEPIN7_Msk (0x1u << 9)
#define USBD_INTENSET_EP0DATADONE_Pos 10u
#define USBD_INTENSET_EP0DATADONE_Msk (0x1u << 10)
#define USBD_INTENCLR_EP0DATADONE_Pos 10u
#define USBD_INTENCLR_EP0DATADONE_Msk (0x1u << 10)
#define USBD_INTENSET_ENDISOIN_Pos 11u
#define USBD_INTENSET_ENDISOIN_Msk (0x1u << 11)
#define USBD_INTENCLR_ENDISOIN_Pos 11u
#define USBD_INTENCLR_ENDISOIN_Msk (0x1u << 11)
#define USBD_INTENSET_ENDEPOUT0_Pos 12u
#define USBD_INTENSET_ENDEPOUT0_Msk (0x1u << 12)
#define USBD_INTENCLR_ENDEPOUT0_Pos 12u
#define USBD_INTENCLR_ENDEPOUT0_Msk (0x1u << 12)
#define USBD_INTENSET_ENDEPOUT1_Pos 13u
#define USBD_INTENSET_ENDEPOUT1_Msk (0x1u << 13)
#define USBD_INTENCLR_ENDEPOUT1_Pos 13u
#define USBD_INTENCLR_ENDEPOUT1_Msk (0x1u << 13)
#define USBD_INTENSET_ENDEPOUT2_Pos 14u
#define USBD_INTENSET_ENDEPOUT2_Msk (0x1u << 14)
#define USBD_INTENCLR_ENDEPOUT2_Pos 14u
#define USBD_INTENCLR_ENDEPOUT2_Msk (0x1u << 14)
#define USBD_INTENSET_ENDEPOUT3_Pos 15u
#define USBD_INTENSET_ENDEPOUT3_Msk (0x1u << 15)
#define USBD_INTENCLR_ENDEPOUT3_Pos 15u
#define USBD_INTENCLR_ENDEPOUT3_Msk (0x1u << 15)
#define USBD_INTENSET_ENDEPOUT4_Pos 16u
#define USBD_INTENSET_ENDEPOUT4_Msk (0x1u << 16)
#define USBD_INTENCLR_ENDEPOUT4_Pos 16u
#define USBD_INTENCLR_ENDEPOUT4_Msk (0x1u << 16)
#define USBD_INTENSET_ENDEPOUT5_Pos 17u
#define USBD_INTENSET_ENDEPOUT5_Msk (0x1u << 17)
#define USBD_INTENCLR_ENDEPOUT5_Pos 17u
#define USBD_INTENCLR_ENDEPOUT5_Msk (0x1u << 17)
#define USBD_INTENSET_ENDEPOUT6_Pos 18u
#define USBD_INTENSET_ENDEPOUT6_Msk (0x1u << 18)
#define USBD_INTENCLR_ENDEPOUT6_Pos 18u
#define USBD_INTENCLR_ENDEPOUT6_Msk (0x1u << 18)
#define USBD_INTENSET_ENDEPOUT7_Pos 19u
#define USBD_INTENSET_ENDEPOUT7_Msk (0x1u << 19)
#define USBD_INTENCLR_ENDEPOUT7_Pos 19u
#define USBD_INTENCLR_ENDEPOUT7_Msk (0x1u << 19)
#define USBD_INTENSET_ENDISOOUT_Pos 20u
#define USBD_INTENSET_ENDISOOUT_Msk (0x1u << 20)
#define USBD_INTENCLR_ENDISOOUT_Pos 20u
#define USBD_INTENCLR_ENDISOOUT_Msk (0x1u << 20)
#define USBD_INTENSET_SOF_Pos 21u
#define USBD_INTENSET_SOF_Msk (0x1u << 21)
#define USBD_INTENCLR_SOF_Pos 21u
#define USBD_INTENCLR_SOF_Msk (0x1u << 21)
#define USBD_INTENSET_USBEVENT_Pos 22u
#define USBD_INTENSET_USBEVENT_Msk (0x1u << 22)
#define USBD_INTENCLR_USBEVENT_Pos 22u
#define USBD_INTENCLR_USBEVENT_Msk (0x1u << 22)
#define USBD_INTENSET_EP0SETUP_Pos 23u
#define USBD_INTENSET_EP0SETUP_Msk (0x1u << 23)
#define USBD_INTENCLR_EP0SETUP_Pos 23u
#define USBD_INTENCLR_EP0SETUP_Msk (0x1u << 23)
#define USBD_INTENSET_EPDATA_Pos 24u
#define USBD_INTENSET_EPDATA_Msk (0x1u << 24)
#define USBD_INTENCLR_EPDATA_Pos 24u
#define USBD_INTENCLR_EPDATA_Msk (0x1u << 24)
#define USBD_SHORTS_EP0DATADONE_STARTEPIN0_Pos 0u
#define USBD_SHORTS_EP0DATADONE_STARTEPIN0_Msk (0x1u << 0)
#define USBD_SHORTS_EP0DATADONE_STARTEPOUT0_Pos 1u
#define USBD_SHORTS_EP0DATADONE_STARTEPOUT0_Msk (0x1u << 1)
#define USBD_SHORTS_EP0DATADONE_EP0STATUS_Pos 2u
#define USBD_SHORTS_EP0DATADONE_EP0STATUS_Msk (0x1u << 2)
#define USBD_SHORTS_ENDEPOUT0_EP0STATUS_Pos 3u
#define USBD_SHORTS_ENDEPOUT0_EP0STATUS_Msk (0x1u << 3)
#define USBD_SHORTS_ENDEPOUT0_EP0RCVOUT_Pos 4u
#define USBD_SHORTS_ENDEPOUT0_EP0RCVOUT_Msk (0x1u << 4)

typedef struct {
  volatile uint32_t TASKS_ACTIVATE;
  volatile uint32_t TASKS_READSTART;
  volatile uint32_t TASKS_WRITESTART;
  volatile uint32_t TASKS_ERASESTART;
  volatile uint32_t TASKS_DEACTIVATE;
  uint32_t mlbench_gap0[59];
  volatile uint32_t EVENTS_READY;
  uint32_t mlbench_gap1[63];
  volatile uint32_t SHORTS;
  uint32_t mlbench_gap2[63];
  volatile uint32_t INTEN;
  volatile uint32_t INTENSET;
  volatile uint32_t INTENCLR;
  uint32_t mlbench_gap3[125];
  volatile uint32_t ENABLE;
  struct {
    volatile uint32_t SRC;
    volatile uint32_t DST;
    volatile uint32_t CNT;
  } READ;
  struct {
    volatile uint32_t DST;
    volatile uint32_t SRC;
    volatile uint32_t CNT;
  } WRITE;
  struct {
    volatile uint32_t PTR;
    volatile uint32_t LEN;
  } ERASE;
  struct {
    volatile uint32_t SCK;
    volatile uint32_t CSN;
    uint32_t mlbench_gap0[1];
    volatile uint32_t IO0;
    volatile uint32_t IO1;
    volatile uint32_t IO2;
    volatile uint32_t IO3;
  } PSEL;
  volatile uint32_t XIPOFFSET;
  volatile uint32_t IFCONFIG0;
  uint32_t mlbench_gap4[46];
  volatile uint32_t IFCONFIG1;
  volatile uint32_t STATUS;
  uint32_t mlbench_gap5[3];
  volatile uint32_t DPMDUR;
  uint32_t mlbench_gap6[3];
  volatile uint32_t ADDRCONF;
  uint32_t mlbench_gap7[3];
  volatile uint32_t CINSTRCONF;
  volatile uint32_t CINSTRDAT0;
  volatile uint32_t CINSTRDAT1;
  volatile uint32_t IFTIMING;
} NRF_QSPI_Type;
#define NRF_QSPI_BASE 0x40029000u
#define NRF_QSPI ((NRF_QSPI_Type *)NRF_QSPI_BASE)
#define QSPI_INTENSET_READY_Pos 0u
#define QSPI_INTENSET_READY_Msk (0x1u << 0)
#define QSPI_INTENCLR_READY_Pos 0u
#define QSPI_INTENCLR_READY_Msk (0x1u << 0)

typedef struct {
  uint32_t mlbench_gap0[320];
  volatile uint32_t ENABLE;
} NRF_CRYPTOCELL_Type;
#define NRF_CRYPTOCELL_BASE 0x5002a000u
#define NRF_CRYPTOCELL ((NRF_CRYPTOCELL_Type *)NRF_CRYPTOCELL_BASE)

typedef struct {
  uint32_t mlbench_gap0[4];
  volatile uint32_t CODEPAGESIZE;
  volatile uint32_t CODESIZE;
  uint32_t mlbench_gap1[18];
  volatile uint32_t DEVICEID[2];
  uint32_t mlbench_gap2[14];
  volatile uint32_t DEVICEADDRTYPE;
  volatile uint32_t DEVICEADDR[2];
  uint32_t mlbench_gap3[21];
  struct {
    volatile uint32_t PART;
    volatile uint32_t VARIANT;
    volatile uint32_t PACKAGE;
    volatile uint32_t RAM;
    volatile uint32_t FLASH;
    uint32_t mlbench_gap0[7];
    volatile uint32_t PARTFAMILY;
    volatile uint32_t REVISION;
  } INFO;
  uint32_t mlbench_gap4[134];
  volatile uint32_t PRODTEST0;
} NRF_FICR_Type;
#define NRF_FICR_BASE 0x10000000u
#define NRF_FICR ((NRF_FICR_Type *)NRF_FICR_BASE)

typedef struct {
  uint32_t mlbench_gap0[5];
  volatile uint32_t NRFFW[13];
  uint32_t mlbench_gap1[2];
  volatile uint32_t NRFHW[12];
  volatile uint32_t CUSTOMER[32];
  uint32_t mlbench_gap2[64];
  volatile uint32_t PSELRESET[2];
  volatile uint32_t APPROTECT;
  volatile uint32_t NFCPINS;
  volatile uint32_t DEBUGCTRL;
  uint32_t mlbench_gap3[60];
  volatile uint32_t REGOUT0;
} NRF_UICR_Type;
#define NRF_UICR_BASE 0x10001000u
#define NRF_UICR ((NRF_UICR_Type *)NRF_UICR_BASE)

typedef struct {
  uint32_t mlbench_gap0[256];
  volatile uint32_t READY;
  uint32_t mlbench_gap1[1];
  volatile uint32_t READYNEXT;
  uint32_t mlbench_gap2[62];
  volatile uint32_t CONFIG;
  volatile uint32_t ERASEPAGE;
  volatile uint32_t ERASEALL;
  volatile uint32_t ERASEPCR0;
  volatile uint32_t ERASEUICR;
  volatile uint32_t ERASEPAGEPARTIAL;
  volatile uint32_t ERASEPAGEPARTIALCFG;
  uint32_t mlbench_gap3[8];
  volatile uint32_t ICACHECNF;
  uint32_t mlbench_gap4[1];
  volatile uint32_t IHIT;
  volatile uint32_t IMISS;
} NRF_NVMC_Type;
#define NRF_NVMC_BASE 0x4001e000u
#define NRF_NVMC ((NRF_NVMC_Type *)NRF_NVMC_BASE)

typedef struct {
  uint32_t mlbench_gap0[512];
  struct {
    volatile uint32_t ADDR;
    volatile uint32_t SIZE;
    volatile uint32_t PERM;
    uint32_t mlbench_gap0[1];
  } ACL[8];
} NRF_ACL_Type;
#define NRF_ACL_BASE 0x4001e000u
#define NRF_ACL ((NRF_ACL_Type *)NRF_ACL_BASE)

typedef struct {
  struct {
    volatile uint32_t EN;
    volatile uint32_t DIS;
  } TASKS_CHG[6];
  uint32_t mlbench_gap0[308];
  volatile uint32_t CHEN;
  volatile uint32_t CHENSET;
  volatile uint32_t CHENCLR;
  uint32_t mlbench_gap1[1];
  struct {
    volatile uint32_t EEP;
    volatile uint32_t TEP;
  } CH[20];
  uint32_t mlbench_gap2[148];
  volatile uint32_t CHG[6];
  uint32_t mlbench_gap3[62];
  struct {
    volatile uint32_t TEP;
  } FORK[32];
} NRF_PPI_Type;
#define NRF_PPI_BASE 0x4001f000u
#define NRF_PPI ((NRF_PPI_Type *)NRF_PPI_BASE)

#define CLOCK_LFCLKSRC_SRC_Pos 0u
#define CLOCK_LFCLKSRC_SRC_Msk (0x3u << 0)
#define CLOCK_LFCLKSRC_SRC_RC 0x0u
#define CLOCK_LFCLKSRC_SRC_Xtal 0x1u
#define CLOCK_LFCLKSRC_SRC_Synth 0x2u
#define CLOCK_LFCLKSRC_BYPASS_Pos 16u
#define CLOCK_LFCLKSRC_BYPASS_Msk (0x1u << 16)
#define CLOCK_LFCLKSRC_BYPASS_Disabled 0x0u
#define CLOCK_LFCLKSRC_BYPASS_Enabled 0x1u
#define CLOCK_LFCLKSRC_EXTERNAL_Pos 17u
#define CLOCK_LFCLKSRC_EXTERNAL_Msk (0x1u << 17)
#define CLOCK_LFCLKSRC_EXTERNAL_Disabled 0x0u
#define CLOCK_LFCLKSRC_EXTERNAL_Enabled 0x1u
#define CLOCK_HFCLKSTAT_SRC_Pos 0u
#define CLOCK_HFCLKSTAT_SRC_Msk (0x1u << 0)
#define CLOCK_HFCLKSTAT_SRC_RC 0x0u
#define CLOCK_HFCLKSTAT_SRC_Xtal 0x1u
#define CLOCK_HFCLKSTAT_STATE_Pos 16u
#define CLOCK_HFCLKSTAT_STATE_Msk (0x1u << 16)
#define CLOCK_HFCLKSTAT_STATE_NotRunning 0x0u
#define CLOCK_HFCLKSTAT_STATE_Running 0x1u
#define CLOCK_LFCLKSTAT_SRC_Pos 0u
#define CLOCK_LFCLKSTAT_SRC_Msk (0x3u << 0)
#define CLOCK_LFCLKSTAT_SRC_RC 0x0u
#define CLOCK_LFCLKSTAT_SRC_Xtal 0x1u
#define CLOCK_LFCLKSTAT_SRC_Synth 0x2u
#define CLOCK_LFCLKSTAT_STATE_Pos 16u
#define CLOCK_LFCLKSTAT_STATE_Msk (0x1u << 16)
#define CLOCK_LFCLKSTAT_STATE_NotRunning 0x0u
#define CLOCK_LFCLKSTAT_STATE_Running 0x1u
#define POWER_RESETREAS_RESETPIN_Pos 0u
#define POWER_RESETREAS_RESETPIN_Msk (0x1u << 0)
#define POWER_RESETREAS_DOG_Pos 1u
#define POWER_RESETREAS_DOG_Msk (0x1u << 1)
#define POWER_RESETREAS_SREQ_Pos 2u
#define POWER_RESETREAS_SREQ_Msk (0x1u << 2)
#define POWER_RESETREAS_LOCKUP_Pos 3u
#define POWER_RESETREAS_LOCKUP_Msk (0x1u << 3)
#define POWER_RESETREAS_OFF_Pos 16u
#define POWER_RESETREAS_OFF_Msk (0x1u << 16)
#define POWER_RESETREAS_LPCOMP_Pos 17u
#define POWER_RESETREAS_LPCOMP_Msk (0x1u << 17)
#define POWER_RESETREAS_DIF_Pos 18u
#define POWER_RESETREAS_DIF_Msk (0x1u << 18)
#define POWER_RESETREAS_NFC_Pos 19u
#define POWER_RESETREAS_NFC_Msk (0x1u << 19)
#define POWER_RESETREAS_VBUS_Pos 20u
#define POWER_RESETREAS_VBUS_Msk (0x1u << 20)
#define POWER_SYSTEMOFF_SYSTEMOFF_Pos 0u
#define POWER_SYSTEMOFF_SYSTEMOFF_Msk (0x1u << 0)
#define POWER_SYSTEMOFF_SYSTEMOFF_Enter 0x1u
#define POWER_DCDCEN_DCDCEN_Pos 0u
#define POWER_DCDCEN_DCDCEN_Msk (0x1u << 0)
#define POWER_DCDCEN_DCDCEN_Disabled 0x0u
#define POWER_DCDCEN_DCDCEN_Enabled 0x1u
#define POWER_USBREGSTATUS_VBUSDETECT_Pos 0u
#define POWER_USBREGSTATUS_VBUSDETECT_Msk (0x1u << 0)
#define POWER_USBREGSTATUS_OUTPUTRDY_Pos 1u
#define POWER_USBREGSTATUS_OUTPUTRDY_Msk (0x1u << 1)
#define GPIO_PIN_CNF_DIR_Pos 0u
#define GPIO_PIN_CNF_DIR_Msk (0x1u << 0)
#define GPIO_PIN_CNF_DIR_Input 0x0u
#define GPIO_PIN_CNF_DIR_Output 0x1u
#define GPIO_PIN_CNF_INPUT_Pos 1u
#define GPIO_PIN_CNF_INPUT_Msk (0x1u << 1)
#define GPIO_PIN_CNF_INPUT_Connect 0x0u
#define GPIO_PIN_CNF_INPUT_Disconnect 0x1u
#define GPIO_PIN_CNF_PULL_Pos 2u
#define GPIO_PIN_CNF_PULL_Msk (0x3u << 2)
#define GPIO_PIN_CNF_PULL_Disabled 0x0u
#define GPIO_PIN_CNF_PULL_Pulldown 0x1u
#define GPIO_PIN_CNF_PULL_Pullup 0x3u
#define GPIO_PIN_CNF_DRIVE_Pos 8u
#define GPIO_PIN_CNF_DRIVE_Msk (0x7u << 8)
#define GPIO_PIN_CNF_DRIVE_S0S1 0x0u
#define GPIO_PIN_CNF_DRIVE_H0S1 0x1u
#define GPIO_PIN_CNF_DRIVE_S0H1 0x2u
#define GPIO_PIN_CNF_DRIVE_H0H1 0x3u
#define GPIO_PIN_CNF_DRIVE_D0S1 0x4u
#define GPIO_PIN_CNF_DRIVE_D0H1 0x5u
#define GPIO_PIN_CNF_DRIVE_S0D1 0x6u
#define GPIO_PIN_CNF_DRIVE_H0D1 0x7u
#define GPIO_PIN_CNF_SENSE_Pos 16u
#define GPIO_PIN_CNF_SENSE_Msk (0x3u << 16)
#define GPIO_PIN_CNF_SENSE_Disabled 0x0u
#define GPIO_PIN_CNF_SENSE_High 0x2u
#define GPIO_PIN_CNF_SENSE_Low 0x3u
#define GPIO_DETECTMODE_DETECTMODE_Pos 0u
#define GPIO_DETECTMODE_DETECTMODE_Msk (0x1u << 0)
#define GPIO_DETECTMODE_DETECTMODE_Default 0x0u
#define GPIO_DETECTMODE_DETECTMODE_LDETECT 0x1u
#define GPIOTE_CONFIG_MODE_Pos 0u
#define GPIOTE_CONFIG_MODE_Msk (0x3u << 0)
#define GPIOTE_CONFIG_MODE_Disabled 0x0u
#define GPIOTE_CONFIG_MODE_Event 0x1u
#define GPIOTE_CONFIG_MODE_Task 0x3u
#define GPIOTE_CONFIG_PSEL_Pos 8u
#define GPIOTE_CONFIG_PSEL_Msk (0x1fu << 8)
#define GPIOTE_CONFIG_PORT_Pos 13u
#define GPIOTE_CONFIG_PORT_Msk (0x1u << 13)
#define GPIOTE_CONFIG_POLARITY_Pos 16u
#define GPIOTE_CONFIG_POLARITY_Msk (0x3u << 16)
#define GPIOTE_CONFIG_POLARITY_None 0x0u
#define GPIOTE_CONFIG_POLARITY_LoToHi 0x1u
#define GPIOTE_CONFIG_POLARITY_HiToLo 0x2u
#define GPIOTE_CONFIG_POLARITY_Toggle 0x3u
#define GPIOTE_CONFIG_OUTINIT_Pos 20u
#define GPIOTE_CONFIG_OUTINIT_Msk (0x1u << 20)
#define GPIOTE_CONFIG_OUTINIT_Low 0x0u
#define GPIOTE_CONFIG_OUTINIT_High 0x1u
#define TIMER_MODE_MODE_Pos 0u
#define TIMER_MODE_MODE_Msk (0x3u << 0)
#define TIMER_MODE_MODE_Timer 0x0u
#define TIMER_MODE_MODE_Counter 0x1u
#define TIMER_MODE_MODE_LowPowerCounter 0x2u
#define TIMER_BITMODE_BITMODE_Pos 0u
#define TIMER_BITMODE_BITMODE_Msk (0x3u << 0)
#define TIMER_BITMODE_BITMODE_16Bit 0x0u
#define TIMER_BITMODE_BITMODE_08Bit 0x1u
#define TIMER_BITMODE_BITMODE_24Bit 0x2u
#define TIMER_BITMODE_BITMODE_32Bit 0x3u
#define TIMER_PRESCALER_PRESCALER_Pos 0u
#define TIMER_PRESCALER_PRESCALER_Msk (0xfu << 0)
#define RTC_PRESCALER_PRESCALER_Pos 0u
#define RTC_PRESCALER_PRESCALER_Msk (0xfffu << 0)
#define RTC_EVTENSET_TICK_Pos 0u
#define RTC_EVTENSET_TICK_Msk (0x1u << 0)
#define RTC_EVTENSET_OVRFLW_Pos 1u
#define RTC_EVTENSET_OVRFLW_Msk (0x1u << 1)
#define RTC_EVTENSET_COMPARE0_Pos 16u
#define RTC_EVTENSET_COMPARE0_Msk (0x1u << 16)
#define RTC_EVTENSET_COMPARE1_Pos 17u
#define RTC_EVTENSET_COMPARE1_Msk (0x1u << 17)
#define RTC_EVTENSET_COMPARE2_Pos 18u
#define RTC_EVTENSET_COMPARE2_Msk (0x1u << 18)
#define RTC_EVTENSET_COMPARE3_Pos 19u
#define RTC_EVTENSET_COMPARE3_Msk (0x1u << 19)
#define UARTE_ENABLE_ENABLE_Pos 0u
#define UARTE_ENABLE_ENABLE_Msk (0xfu << 0)
#define UARTE_ENABLE_ENABLE_Disabled 0x0u
#define UARTE_ENABLE_ENABLE_Enabled 0x8u
#define UARTE_BAUDRATE_BAUDRATE_Pos 0u
#define UARTE_BAUDRATE_BAUDRATE_Msk (0xffffffffu << 0)
#define UARTE_BAUDRATE_BAUDRATE_Baud1200 0x4f000u
#define UARTE_BAUDRATE_BAUDRATE_Baud2400 0x9d000u
#define UARTE_BAUDRATE_BAUDRATE_Baud4800 0x13b000u
#define UARTE_BAUDRATE_BAUDRATE_Baud9600 0x275000u
#define UARTE_BAUDRATE_BAUDRATE_Baud14400 0x3af000u
#define UARTE_BAUDRATE_BAUDRATE_Baud19200 0x4ea000u
#define UARTE_BAUDRATE_BAUDRATE_Baud28800 0x75c000u
#define UARTE_BAUDRATE_BAUDRATE_Baud31250 0x800000u
#define UARTE_BAUDRATE_BAUDRATE_Baud38400 0x9d0000u
#define UARTE_BAUDRATE_BAUDRATE_Baud56000 0xe50000u
#define UARTE_BAUDRATE_BAUDRATE_Baud57600 0xeb0000u
#define UARTE_BAUDRATE_BAUDRATE_Baud76800 0x13a9000u
#define UARTE_BAUDRATE_BAUDRATE_Baud115200 0x1d60000u
#define UARTE_BAUDRATE_BAUDRATE_Baud230400 0x3b00000u
#define UARTE_BAUDRATE_BAUDRATE_Baud250000 0x4000000u
#define UARTE_BAUDRATE_BAUDRATE_Baud460800 0x7400000u
#define UARTE_BAUDRATE_BAUDRATE_Baud921600 0xf000000u
#define UARTE_BAUDRATE_BAUDRATE_Baud1M 0x10000000u
#define UARTE_CONFIG_HWFC_Pos 0u
#define UARTE_CONFIG_HWFC_Msk (0x1u << 0)
#define UARTE_CONFIG_HWFC_Disabled 0x0u
#define UARTE_CONFIG_HWFC_Enabled 0x1u
#define UARTE_CONFIG_PARITY_Pos 1u
#define UARTE_CONFIG_PARITY_Msk (0x7u << 1)
#define UARTE_CONFIG_PARITY_Excluded 0x0u
#define UARTE_CONFIG_PARITY_Included 0x7u
#define UARTE_CONFIG_STOP_Pos 4u
#define UARTE_CONFIG_STOP_Msk (0x1u << 4)
#define UARTE_CONFIG_STOP_One 0x0u
#define UARTE_CONFIG_STOP_Two 0x1u
#define UART_ENABLE_ENABLE_Pos 0u
#define UART_ENABLE_ENABLE_Msk (0xfu << 0)
#define UART_ENABLE_ENABLE_Disabled 0x0u
#define UART_ENABLE_ENABLE_Enabled 0x4u
#define UART_BAUDRATE_BAUDRATE_Pos 0u
#define UART_BAUDRATE_BAUDRATE_Msk (0xffffffffu << 0)
#define UART_BAUDRATE_BAUDRATE_Baud9600 0x275000u
#define UART_BAUDRATE_BAUDRATE_Baud38400 0x9d5000u
#define UART_BAUDRATE_BAUDRATE_Baud57600 0xebf000u
#define UART_BAUDRATE_BAUDRATE_Baud115200 0x1d7e000u
#define UART_BAUDRATE_BAUDRATE_Baud1M 0x10000000u
#define SPIM_ENABLE_ENABLE_Pos 0u
#define SPIM_ENABLE_ENABLE_Msk (0xfu << 0)
#define SPIM_ENABLE_ENABLE_Disabled 0x0u
#define SPIM_ENABLE_ENABLE_Enabled 0x7u
#define SPIM_FREQUENCY_FREQUENCY_Pos 0u
#define SPIM_FREQUENCY_FREQUENCY_Msk (0xffffffffu << 0)
#define SPIM_FREQUENCY_FREQUENCY_K125 0x2000000u
#define SPIM_FREQUENCY_FREQUENCY_K250 0x4000000u
#define SPIM_FREQUENCY_FREQUENCY_K500 0x8000000u
#define SPIM_FREQUENCY_FREQUENCY_M1 0x10000000u
#define SPIM_FREQUENCY_FREQUENCY_M2 0x20000000u
#define SPIM_FREQUENCY_FREQUENCY_M4 0x40000000u
#define SPIM_FREQUENCY_FREQUENCY_M8 0x80000000u
#define SPIM_FREQUENCY_FREQUENCY_M16 0xa000000u
#define SPIM_FREQUENCY_FREQUENCY_M32 0x14000000u
#define SPIM_CONFIG_ORDER_Pos 0u
#define SPIM_CONFIG_ORDER_Msk (0x1u << 0)
#define SPIM_CONFIG_ORDER_MsbFirst 0x0u
#define SPIM_CONFIG_ORDER_LsbFirst 0x1u
#define SPIM_CONFIG_CPHA_Pos 1u
#define SPIM_CONFIG_CPHA_Msk (0x1u << 1)
#define SPIM_CONFIG_CPHA_Leading 0x0u
#define SPIM_CONFIG_CPHA_Trailing 0x1u
#define SPIM_CONFIG_CPOL_Pos 2u
#define SPIM_CONFIG_CPOL_Msk (0x1u << 2)
#define SPIM_CONFIG_CPOL_ActiveHigh 0x0u
#define SPIM_CONFIG_CPOL_ActiveLow 0x1u
#define SPI_ENABLE_ENABLE_Pos 0u
#define SPI_ENABLE_ENABLE_Msk (0xfu << 0)
#define SPI_ENABLE_ENABLE_Disabled 0x0u
#define SPI_ENABLE_ENABLE_Enabled 0x1u
#define TWIM_ENABLE_ENABLE_Pos 0u
#define TWIM_ENABLE_ENABLE_Msk (0xfu << 0)
#define TWIM_ENABLE_ENABLE_Disabled 0x0u
#define TWIM_ENABLE_ENABLE_Enabled 0x6u
#define TWIM_FREQUENCY_FREQUENCY_Pos 0u
#define TWIM_FREQUENCY_FREQUENCY_Msk (0xffffffffu << 0)
#define TWIM_FREQUENCY_FREQUENCY_K100 0x1980000u
#define TWIM_FREQUENCY_FREQUENCY_K250 0x4000000u
#define TWIM_FREQUENCY_FREQUENCY_K400 0x6400000u
#define TWIM_ERRORSRC_OVERRUN_Pos 0u
#define TWIM_ERRORSRC_OVERRUN_Msk (0x1u << 0)
#define TWIM_ERRORSRC_ANACK_Pos 1u
#define TWIM_ERRORSRC_ANACK_Msk (0x1u << 1)
#define TWIM_ERRORSRC_DNACK_Pos 2u
#define TWIM_ERRORSRC_DNACK_Msk (0x1u << 2)
#define TWI_ENABLE_ENABLE_Pos 0u
#define TWI_ENABLE_ENABLE_Msk (0xfu << 0)
#define TWI_ENABLE_ENABLE_Disabled 0x0u
#define TWI_ENABLE_ENABLE_Enabled 0x5u
#define TWI_FREQUENCY_FREQUENCY_Pos 0u
#define TWI_FREQUENCY_FREQUENCY_Msk (0xffffffffu << 0)
#define TWI_FREQUENCY_FREQUENCY_K100 0x1980000u
#define TWI_FREQUENCY_FREQUENCY_K250 0x4000000u
#define TWI_FREQUENCY_FREQUENCY_K400 0x6680000u
#define TWI_ERRORSRC_OVERRUN_Pos 0u
#define TWI_ERRORSRC_OVERRUN_Msk (0x1u << 0)
#define TWI_ERRORSRC_ANACK_Pos 1u
#define TWI_ERRORSRC_ANACK_Msk (0x1u << 1)
#define TWI_ERRORSRC_DNACK_Pos 2u
#define TWI_ERRORSRC_DNACK_Msk (0x1u << 2)
#define PWM_ENABLE_ENABLE_Pos 0u
#define PWM_ENABLE_ENABLE_Msk (0x1u << 0)
#define PWM_ENABLE_ENABLE_Disabled 0x0u
#define PWM_ENABLE_ENABLE_Enabled 0x1u
#define PWM_MODE_UPDOWN_Pos 0u
#define PWM_MODE_UPDOWN_Msk (0x1u << 0)
#define PWM_MODE_UPDOWN_Up 0x0u
#define PWM_MODE_UPDOWN_UpAndDown 0x1u
#define PWM_PRESCALER_PRESCALER_Pos 0u
#define PWM_PRESCALER_PRESCALER_Msk (0x7u << 0)
#define PWM_PRESCALER_PRESCALER_DIV_1 0x0u
#define PWM_PRESCALER_PRESCALER_DIV_2 0x1u
#define PWM_PRESCALER_PRESCALER_DIV_4 0x2u
#define PWM_PRESCALER_PRESCALER_DIV_8 0x3u
#define PWM_PRESCALER_PRESCALER_DIV_16 0x4u
#define PWM_PRESCALER_PRESCALER_DIV_32 0x5u
#define PWM_PRESCALER_PRESCALER_DIV_64 0x6u
#define PWM_PRESCALER_PRESCALER_DIV_128 0x7u
#define PWM_COUNTERTOP_COUNTERTOP_Pos 0u
#define PWM_COUNTERTOP_COUNTERTOP_Msk (0x7fffu << 0)
#define PWM_DECODER_LOAD_Pos 0u
#define PWM_DECODER_LOAD_Msk (0x3u << 0)
#define PWM_DECODER_LOAD_Common 0x0u
#define PWM_DECODER_LOAD_Grouped 0x1u
#define PWM_DECODER_LOAD_Individual 0x2u
#define PWM_DECODER_LOAD_WaveForm 0x3u
#define PWM_DECODER_MODE_Pos 8u
#define PWM_DECODER_MODE_Msk (0x1u << 8)
#define PWM_DECODER_MODE_RefreshCount 0x0u
#define PWM_DECODER_MODE_NextStep 0x1u
#define PWM_LOOP_CNT_Pos 0u
#define PWM_LOOP_CNT_Msk (0xffffu << 0)
#define PWM_LOOP_CNT_Disabled 0x0u
#define PWM_SEQ_CNT_CNT_Pos 0u
#define PWM_SEQ_CNT_CNT_Msk (0x7fffu << 0)
#define PWM_SEQ_CNT_CNT_Disabled 0x0u
#define PWM_SEQ_REFRESH_CNT_Pos 0u
#define PWM_SEQ_REFRESH_CNT_Msk (0xffffffu << 0)
#define PWM_SEQ_REFRESH_CNT_Continuous 0x0u
#define PWM_PSEL_OUT_PIN_Pos 0u
#define PWM_PSEL_OUT_PIN_Msk (0x1fu << 0)
#define PWM_PSEL_OUT_PORT_Pos 5u
#define PWM_PSEL_OUT_PORT_Msk (0x1u << 5)
#define PWM_PSEL_OUT_CONNECT_Pos 31u
#define PWM_PSEL_OUT_CONNECT_Msk (0x1u << 31)
#define PWM_PSEL_OUT_CONNECT_Connected 0x0u
#define PWM_PSEL_OUT_CONNECT_Disconnected 0x1u
#define SAADC_ENABLE_ENABLE_Pos 0u
#define SAADC_ENABLE_ENABLE_Msk (0x1u << 0)
#define SAADC_ENABLE_ENABLE_Disabled 0x0u
#define SAADC_ENABLE_ENABLE_Enabled 0x1u
#define SAADC_CH_PSELP_PSELP_Pos 0u
#define SAADC_CH_PSELP_PSELP_Msk (0x1fu << 0)
#define SAADC_CH_PSELP_PSELP_NC 0x0u
#define SAADC_CH_PSELP_PSELP_AnalogInput0 0x1u
#define SAADC_CH_PSELP_PSELP_AnalogInput1 0x2u
#define SAADC_CH_PSELP_PSELP_AnalogInput2 0x3u
#define SAADC_CH_PSELP_PSELP_AnalogInput3 0x4u
#define SAADC_CH_PSELP_PSELP_AnalogInput4 0x5u
#define SAADC_CH_PSELP_PSELP_AnalogInput5 0x6u
#define SAADC_CH_PSELP_PSELP_AnalogInput6 0x7u
#define SAADC_CH_PSELP_PSELP_AnalogInput7 0x8u
#define SAADC_CH_PSELP_PSELP_VDD 0x9u
#define SAADC_CH_PSELP_PSELP_VDDHDIV5 0xdu
#define SAADC_CH_PSELN_PSELN_Pos 0u
#define SAADC_CH_PSELN_PSELN_Msk (0x1fu << 0)
#define SAADC_CH_PSELN_PSELN_NC 0x0u
#define SAADC_CH_PSELN_PSELN_AnalogInput0 0x1u
#define SAADC_CH_PSELN_PSELN_AnalogInput1 0x2u
#define SAADC_CH_PSELN_PSELN_AnalogInput2 0x3u
#define SAADC_CH_PSELN_PSELN_AnalogInput3 0x4u
#define SAADC_CH_PSELN_PSELN_AnalogInput4 0x5u
#define SAADC_CH_PSELN_PSELN_AnalogInput5 0x6u
#define SAADC_CH_PSELN_PSELN_AnalogInput6 0x7u
#define SAADC_CH_PSELN_PSELN_AnalogInput7 0x8u
#define SAADC_CH_PSELN_PSELN_VDD 0x9u
#define SAADC_CH_PSELN_PSELN_VDDHDIV5 0xdu
#define SAADC_CH_CONFIG_RESP_Pos 0u
#define SAADC_CH_CONFIG_RESP_Msk (0x3u << 0)
#define SAADC_CH_CONFIG_RESP_Bypass 0x0u
#define SAADC_CH_CONFIG_RESP_Pulldown 0x1u
#define SAADC_CH_CONFIG_RESP_Pullup 0x2u
#define SAADC_CH_CONFIG_RESP_VDD1_2 0x3u
#define SAADC_CH_CONFIG_RESN_Pos 4u
#define SAADC_CH_CONFIG_RESN_Msk (0x3u << 4)
#define SAADC_CH_CONFIG_RESN_Bypass 0x0u
#define SAADC_CH_CONFIG_RESN_Pulldown 0x1u
#define SAADC_CH_CONFIG_RESN_Pullup 0x2u
#define SAADC_CH_CONFIG_RESN_VDD1_2 0x3u
#define SAADC_CH_CONFIG_GAIN_Pos 8u
#define SAADC_CH_CONFIG_GAIN_Msk (0x7u << 8)
#define SAADC_CH_CONFIG_GAIN_Gain1_6 0x0u
#define SAADC_CH_CONFIG_GAIN_Gain1_5 0x1u
#define SAADC_CH_CONFIG_GAIN_Gain1_4 0x2u
#define SAADC_CH_CONFIG_GAIN_Gain1_3 0x3u
#define SAADC_CH_CONFIG_GAIN_Gain1_2 0x4u
#define SAADC_CH_CONFIG_GAIN_Gain1 0x5u
#define SAADC_CH_CONFIG_GAIN_Gain2 0x6u
#define SAADC_CH_CONFIG_GAIN_Gain4 0x7u
#define SAADC_CH_CONFIG_REFSEL_Pos 12u
#define SAADC_CH_CONFIG_REFSEL_Msk (0x1u << 12)
#define SAADC_CH_CONFIG_REFSEL_Internal 0x0u
#define SAADC_CH_CONFIG_REFSEL_VDD1_4 0x1u
#define SAADC_CH_CONFIG_TACQ_Pos 16u
#define SAADC_CH_CONFIG_TACQ_Msk (0x7u << 16)
#define SAADC_CH_CONFIG_TACQ_3us 0x0u
#define SAADC_CH_CONFIG_TACQ_5us 0x1u
#define SAADC_CH_CONFIG_TACQ_10us 0x2u
#define SAADC_CH_CONFIG_TACQ_15us 0x3u
#define SAADC_CH_CONFIG_TACQ_20us 0x4u
#define SAADC_CH_CONFIG_TACQ_40us 0x5u
#define SAADC_CH_CONFIG_MODE_Pos 20u
#define SAADC_CH_CONFIG_MODE_Msk (0x1u << 20)
#define SAADC_CH_CONFIG_MODE_SE 0x0u
#define SAADC_CH_CONFIG_MODE_Diff 0x1u
#define SAADC_CH_CONFIG_BURST_Pos 24u
#define SAADC_CH_CONFIG_BURST_Msk (0x1u << 24)
#define SAADC_CH_CONFIG_BURST_Disabled 0x0u
#define SAADC_CH_CONFIG_BURST_Enabled 0x1u
#define SAADC_RESOLUTION_VAL_Pos 0u
#define SAADC_RESOLUTION_VAL_Msk (0x7u << 0)
#define SAADC_RESOLUTION_VAL_8bit 0x0u
#define SAADC_RESOLUTION_VAL_10bit 0x1u
#define SAADC_RESOLUTION_VAL_12bit 0x2u
#define SAADC_RESOLUTION_VAL_14bit 0x3u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Pos 0u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Msk (0xfu << 0)
#define SAADC_OVERSAMPLE_OVERSAMPLE_Bypass 0x0u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over2x 0x1u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over4x 0x2u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over8x 0x3u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over16x 0x4u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over32x 0x5u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over64x 0x6u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over128x 0x7u
#define SAADC_OVERSAMPLE_OVERSAMPLE_Over256x 0x8u
#define SAADC_SAMPLERATE_CC_Pos 0u
#define SAADC_SAMPLERATE_CC_Msk (0x7ffu << 0)
#define SAADC_SAMPLERATE_MODE_Pos 12u
#define SAADC_SAMPLERATE_MODE_Msk (0x1u << 12)
#define SAADC_SAMPLERATE_MODE_Task 0x0u
#define SAADC_SAMPLERATE_MODE_Timers 0x1u
#define NVMC_READY_READY_Pos 0u
#define NVMC_READY_READY_Msk (0x1u << 0)
#define NVMC_READY_READY_Busy 0x0u
#define NVMC_READY_READY_Ready 0x1u
#define NVMC_CONFIG_WEN_Pos 0u
#define NVMC_CONFIG_WEN_Msk (0x3u << 0)
#define NVMC_CONFIG_WEN_Ren 0x0u
#define NVMC_CONFIG_WEN_Wen 0x1u
#define NVMC_CONFIG_WEN_Een 0x2u
#define NVMC_ICACHECNF_CACHEEN_Pos 0u
#define NVMC_ICACHECNF_CACHEEN_Msk (0x1u << 0)
#define NVMC_ICACHECNF_CACHEEN_Disabled 0x0u
#define NVMC_ICACHECNF_CACHEEN_Enabled 0x1u
#define NVMC_ICACHECNF_CACHEPROFEN_Pos 8u
#define NVMC_ICACHECNF_CACHEPROFEN_Msk (0x1u << 8)
#define NVMC_ICACHECNF_CACHEPROFEN_Disabled 0x0u
#define NVMC_ICACHECNF_CACHEPROFEN_Enabled 0x1u
#define PDM_ENABLE_ENABLE_Pos 0u
#define PDM_ENABLE_ENABLE_Msk (0x1u << 0)
#define PDM_ENABLE_ENABLE_Disabled 0x0u
#define PDM_ENABLE_ENABLE_Enabled 0x1u
#define PDM_PDMCLKCTRL_FREQ_Pos 0u
#define PDM_PDMCLKCTRL_FREQ_Msk (0xffffffffu << 0)
#define PDM_PDMCLKCTRL_FREQ_1000K 0x8000000u
#define PDM_PDMCLKCTRL_FREQ_Default 0x8400000u
#define PDM_PDMCLKCTRL_FREQ_1067K 0x8800000u
#define PDM_PDMCLKCTRL_FREQ_1231K 0x9800000u
#define PDM_PDMCLKCTRL_FREQ_1280K 0xa000000u
#define PDM_PDMCLKCTRL_FREQ_1333K 0xa800000u
#define PDM_MODE_OPERATION_Pos 0u
#define PDM_MODE_OPERATION_Msk (0x1u << 0)
#define PDM_MODE_OPERATION_Stereo 0x0u
#define PDM_MODE_OPERATION_Mono 0x1u
#define PDM_MODE_EDGE_Pos 1u
#define PDM_MODE_EDGE_Msk (0x1u << 1)
#define PDM_MODE_EDGE_LeftFalling 0x0u
#define PDM_MODE_EDGE_LeftRising 0x1u
#define PDM_GAINL_GAINL_Pos 0u
#define PDM_GAINL_GAINL_Msk (0x7fu << 0)
#define PDM_GAINL_GAINL_MinGain 0x0u
#define PDM_GAINL_GAINL_DefaultGain 0x28u
#define PDM_GAINL_GAINL_MaxGain 0x50u
#define PDM_GAINR_GAINR_Pos 0u
#define PDM_GAINR_GAINR_Msk (0x7fu << 0)
#define PDM_GAINR_GAINR_MinGain 0x0u
#define PDM_GAINR_GAINR_DefaultGain 0x28u
#define PDM_GAINR_GAINR_MaxGain 0x50u
#define PDM_RATIO_RATIO_Pos 0u
#define PDM_RATIO_RATIO_Msk (0x1u << 0)
#define PDM_RATIO_RATIO_Ratio64 0x0u
#define PDM_RATIO_RATIO_Ratio80 0x1u
#define I2S_ENABLE_ENABLE_Pos 0u
#define I2S_ENABLE_ENABLE_Msk (0x1u << 0)
#define I2S_ENABLE_ENABLE_Disabled 0x0u
#define I2S_ENABLE_ENABLE_Enabled 0x1u
#define I2S_CONFIG_MODE_MODE_Pos 0u
#define I2S_CONFIG_MODE_MODE_Msk (0x1u << 0)
#define I2S_CONFIG_MODE_MODE_Master 0x0u
#define I2S_CONFIG_MODE_MODE_MASTER 0x0u
#define I2S_CONFIG_MODE_MODE_Slave 0x1u
#define I2S_CONFIG_MODE_MODE_SLAVE 0x1u
#define I2S_CONFIG_RXEN_RXEN_Pos 0u
#define I2S_CONFIG_RXEN_RXEN_Msk (0x1u << 0)
#define I2S_CONFIG_RXEN_RXEN_Disabled 0x0u
#define I2S_CONFIG_RXEN_RXEN_DISABLE 0x0u
#define I2S_CONFIG_RXEN_RXEN_Enabled 0x1u
#define I2S_CONFIG_RXEN_RXEN_ENABLE 0x1u
#define I2S_CONFIG_TXEN_TXEN_Pos 0u
#define I2S_CONFIG_TXEN_TXEN_Msk (0x1u << 0)
#define I2S_CONFIG_TXEN_TXEN_Disabled 0x0u
#define I2S_CONFIG_TXEN_TXEN_DISABLE 0x0u
#define I2S_CONFIG_TXEN_TXEN_Enabled 0x1u
#define I2S_CONFIG_TXEN_TXEN_ENABLE 0x1u
#define I2S_CONFIG_MCKEN_MCKEN_Pos 0u
#define I2S_CONFIG_MCKEN_MCKEN_Msk (0x1u << 0)
#define I2S_CONFIG_MCKEN_MCKEN_Disabled 0x0u
#define I2S_CONFIG_MCKEN_MCKEN_DISABLE 0x0u
#define I2S_CONFIG_MCKEN_MCKEN_Enabled 0x1u
#define I2S_CONFIG_MCKEN_MCKEN_ENABLE 0x1u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_Pos 0u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_Msk (0xffffffffu << 0)
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV2 0x80000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV3 0x50000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV4 0x40000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV5 0x30000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV6 0x28000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV8 0x20000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV10 0x18000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV11 0x16000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV15 0x11000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV16 0x10000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV21 0xc000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV23 0xb000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV30 0x8800000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV31 0x8400000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV32 0x8000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV42 0x6000000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV63 0x4100000u
#define I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV125 0x20c0000u
#define I2S_CONFIG_RATIO_RATIO_Pos 0u
#define I2S_CONFIG_RATIO_RATIO_Msk (0xfu << 0)
#define I2S_CONFIG_RATIO_RATIO_32X 0x0u
#define I2S_CONFIG_RATIO_RATIO_48X 0x1u
#define I2S_CONFIG_RATIO_RATIO_64X 0x2u
#define I2S_CONFIG_RATIO_RATIO_96X 0x3u
#define I2S_CONFIG_RATIO_RATIO_128X 0x4u
#define I2S_CONFIG_RATIO_RATIO_192X 0x5u
#define I2S_CONFIG_RATIO_RATIO_256X 0x6u
#define I2S_CONFIG_RATIO_RATIO_384X 0x7u
#define I2S_CONFIG_RATIO_RATIO_512X 0x8u
#define I2S_CONFIG_SWIDTH_SWIDTH_Pos 0u
#define I2S_CONFIG_SWIDTH_SWIDTH_Msk (0x3u << 0)
#define I2S_CONFIG_SWIDTH_SWIDTH_8Bit 0x0u
#define I2S_CONFIG_SWIDTH_SWIDTH_8BIT 0x0u
#define I2S_CONFIG_SWIDTH_SWIDTH_16Bit 0x1u
#define I2S_CONFIG_SWIDTH_SWIDTH_16BIT 0x1u
#define I2S_CONFIG_SWIDTH_SWIDTH_24Bit 0x2u
#define I2S_CONFIG_SWIDTH_SWIDTH_24BIT 0x2u
#define I2S_CONFIG_ALIGN_ALIGN_Pos 0u
#define I2S_CONFIG_ALIGN_ALIGN_Msk (0x1u << 0)
#define I2S_CONFIG_ALIGN_ALIGN_Left 0x0u
#define I2S_CONFIG_ALIGN_ALIGN_LEFT 0x0u
#define I2S_CONFIG_ALIGN_ALIGN_Right 0x1u
#define I2S_CONFIG_ALIGN_ALIGN_RIGHT 0x1u
#define I2S_CONFIG_FORMAT_FORMAT_Pos 0u
#define I2S_CONFIG_FORMAT_FORMAT_Msk (0x1u << 0)
#define I2S_CONFIG_FORMAT_FORMAT_I2S 0x0u
#define I2S_CONFIG_FORMAT_FORMAT_Aligned 0x1u
#define I2S_CONFIG_FORMAT_FORMAT_ALIGNED 0x1u
#define I2S_CONFIG_CHANNELS_CHANNELS_Pos 0u
#define I2S_CONFIG_CHANNELS_CHANNELS_Msk (0x3u << 0)
#define I2S_CONFIG_CHANNELS_CHANNELS_Stereo 0x0u
#define I2S_CONFIG_CHANNELS_CHANNELS_STEREO 0x0u
#define I2S_CONFIG_CHANNELS_CHANNELS_Left 0x1u
#define I2S_CONFIG_CHANNELS_CHANNELS_LEFT 0x1u
#define I2S_CONFIG_CHANNELS_CHANNELS_Right 0x2u
#define I2S_CONFIG_CHANNELS_CHANNELS_RIGHT 0x2u
#define I2S_PSEL_MCK_PIN_Pos 0u
#define I2S_PSEL_MCK_PIN_Msk (0x1fu << 0)
#define I2S_PSEL_MCK_PORT_Pos 5u
#define I2S_PSEL_MCK_PORT_Msk (0x1u << 5)
#define I2S_PSEL_MCK_CONNECT_Pos 31u
#define I2S_PSEL_MCK_CONNECT_Msk (0x1u << 31)
#define I2S_PSEL_MCK_CONNECT_Connected 0x0u
#define I2S_PSEL_MCK_CONNECT_Disconnected 0x1u
#define I2S_PSEL_SCK_PIN_Pos 0u
#define I2S_PSEL_SCK_PIN_Msk (0x1fu << 0)
#define I2S_PSEL_SCK_PORT_Pos 5u
#define I2S_PSEL_SCK_PORT_Msk (0x1u << 5)
#define I2S_PSEL_SCK_CONNECT_Pos 31u
#define I2S_PSEL_SCK_CONNECT_Msk (0x1u << 31)
#define I2S_PSEL_SCK_CONNECT_Connected 0x0u
#define I2S_PSEL_SCK_CONNECT_Disconnected 0x1u
#define I2S_PSEL_LRCK_PIN_Pos 0u
#define I2S_PSEL_LRCK_PIN_Msk (0x1fu << 0)
#define I2S_PSEL_LRCK_PORT_Pos 5u
#define I2S_PSEL_LRCK_PORT_Msk (0x1u << 5)
#define I2S_PSEL_LRCK_CONNECT_Pos 31u
#define I2S_PSEL_LRCK_CONNECT_Msk (0x1u << 31)
#define I2S_PSEL_LRCK_CONNECT_Connected 0x0u
#define I2S_PSEL_LRCK_CONNECT_Disconnected 0x1u
#define I2S_PSEL_SDIN_PIN_Pos 0u
#define I2S_PSEL_SDIN_PIN_Msk (0x1fu << 0)
#define I2S_PSEL_SDIN_PORT_Pos 5u
#define I2S_PSEL_SDIN_PORT_Msk (0x1u << 5)
#define I2S_PSEL_SDIN_CONNECT_Pos 31u
#define I2S_PSEL_SDIN_CONNECT_Msk (0x1u << 31)
#define I2S_PSEL_SDIN_CONNECT_Connected 0x0u
#define I2S_PSEL_SDIN_CONNECT_Disconnected 0x1u
#define I2S_PSEL_SDOUT_PIN_Pos 0u
#define I2S_PSEL_SDOUT_PIN_Msk (0x1fu << 0)
#define I2S_PSEL_SDOUT_PORT_Pos 5u
#define I2S_PSEL_SDOUT_PORT_Msk (0x1u << 5)
#define I2S_PSEL_SDOUT_CONNECT_Pos 31u
#define I2S_PSEL_SDOUT_CONNECT_Msk (0x1u << 31)
#define I2S_PSEL_SDOUT_CONNECT_Connected 0x0u
#define I2S_PSEL_SDOUT_CONNECT_Disconnected 0x1u
#define RNG_CONFIG_DERCEN_Pos 0u
#define RNG_CONFIG_DERCEN_Msk (0x1u << 0)
#define RNG_CONFIG_DERCEN_Disabled 0x0u
#define RNG_CONFIG_DERCEN_Enabled 0x1u
#define WDT_CONFIG_SLEEP_Pos 0u
#define WDT_CONFIG_SLEEP_Msk (0x1u << 0)
#define WDT_CONFIG_SLEEP_Pause 0x0u
#define WDT_CONFIG_SLEEP_Run 0x1u
#define WDT_CONFIG_HALT_Pos 3u
#define WDT_CONFIG_HALT_Msk (0x1u << 3)
#define WDT_CONFIG_HALT_Pause 0x0u
#define WDT_CONFIG_HALT_Run 0x1u
#define WDT_RREN_RR0_Pos 0u
#define WDT_RREN_RR0_Msk (0x1u << 0)
#define WDT_RREN_RR1_Pos 1u
#define WDT_RREN_RR1_Msk (0x1u << 1)
#define WDT_RREN_RR2_Pos 2u
#define WDT_RREN_RR2_Msk (0x1u << 2)
#define WDT_RREN_RR3_Pos 3u
#define WDT_RREN_RR3_Msk (0x1u << 3)
#define WDT_RREN_RR4_Pos 4u
#define WDT_RREN_RR4_Msk (0x1u << 4)
#define WDT_RREN_RR5_Pos 5u
#define WDT_RREN_RR5_Msk (0x1u << 5)
#define WDT_RREN_RR6_Pos 6u
#define WDT_RREN_RR6_Msk (0x1u << 6)
#define WDT_RREN_RR7_Pos 7u
#define WDT_RREN_RR7_Msk (0x1u << 7)
#define WDT_RR_RR_Pos 0u
#define WDT_RR_RR_Msk (0xffffffffu << 0)
#define WDT_RR_RR_Reload 0x6e524635u
#define QDEC_ENABLE_ENABLE_Pos 0u
#define QDEC_ENABLE_ENABLE_Msk (0x1u << 0)
#define QDEC_ENABLE_ENABLE_Disabled 0x0u
#define QDEC_ENABLE_ENABLE_Enabled 0x1u
#define COMP_ENABLE_ENABLE_Pos 0u
#define COMP_ENABLE_ENABLE_Msk (0x3u << 0)
#define COMP_ENABLE_ENABLE_Disabled 0x0u
#define COMP_ENABLE_ENABLE_Enabled 0x2u
#define LPCOMP_ENABLE_ENABLE_Pos 0u
#define LPCOMP_ENABLE_ENABLE_Msk (0x3u << 0)
#define LPCOMP_ENABLE_ENABLE_Disabled 0x0u
#define LPCOMP_ENABLE_ENABLE_Enabled 0x1u
#define RADIO_MODE_MODE_Pos 0u
#define RADIO_MODE_MODE_Msk (0xfu << 0)
#define RADIO_MODE_MODE_Nrf_1Mbit 0x0u
#define RADIO_MODE_MODE_Nrf_2Mbit 0x1u
#define RADIO_MODE_MODE_Ble_1Mbit 0x3u
#define RADIO_MODE_MODE_Ble_2Mbit 0x4u
#define RADIO_MODE_MODE_Ble_LR125Kbit 0x5u
#define RADIO_MODE_MODE_Ble_LR500Kbit 0x6u
#define RADIO_MODE_MODE_Ieee802154_250Kbit 0xfu
#define PPI_CHENSET_CH0_Pos 0u
#define PPI_CHENSET_CH0_Msk (0x1u << 0)
#define PPI_CHENSET_CH1_Pos 1u
#define PPI_CHENSET_CH1_Msk (0x1u << 1)
#define PPI_CHENSET_CH2_Pos 2u
#define PPI_CHENSET_CH2_Msk (0x1u << 2)
#define PPI_CHENSET_CH3_Pos 3u
#define PPI_CHENSET_CH3_Msk (0x1u << 3)
#define PPI_CHENSET_CH4_Pos 4u
#define PPI_CHENSET_CH4_Msk (0x1u << 4)
#define PPI_CHENSET_CH5_Pos 5u
#define PPI_CHENSET_CH5_Msk (0x1u << 5)
#define PPI_CHENSET_CH6_Pos 6u
#define PPI_CHENSET_CH6_Msk (0x1u << 6)
#define PPI_CHENSET_CH7_Pos 7u
#define PPI_CHENSET_CH7_Msk (0x1u << 7)

typedef enum {
  Reset_IRQn = -15,
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  MemoryManagement_IRQn = -12,
  BusFault_IRQn = -11,
  UsageFault_IRQn = -10,
  SVCall_IRQn = -5,
  DebugMonitor_IRQn = -4,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  POWER_CLOCK_IRQn = 0,
  RADIO_IRQn = 1,
  UARTE0_UART0_IRQn = 2,
  SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQn = 3,
  SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQn = 4,
  NFCT_IRQn = 5,
  GPIOTE_IRQn = 6,
  SAADC_IRQn = 7,
  TIMER0_IRQn = 8,
  TIMER1_IRQn = 9,
  TIMER2_IRQn = 10,
  RTC0_IRQn = 11,
  TEMP_IRQn = 12,
  RNG_IRQn = 13,
  ECB_IRQn = 14,
  CCM_AAR_IRQn = 15,
  WDT_IRQn = 16,
  RTC1_IRQn = 17,
  QDEC_IRQn = 18,
  COMP_LPCOMP_IRQn = 19,
  SWI0_EGU0_IRQn = 20,
  SWI1_EGU1_IRQn = 21,
  SWI2_EGU2_IRQn = 22,
  SWI3_EGU3_IRQn = 23,
  SWI4_EGU4_IRQn = 24,
  SWI5_EGU5_IRQn = 25,
  TIMER3_IRQn = 26,
  TIMER4_IRQn = 27,
  PWM0_IRQn = 28,
  PDM_IRQn = 29,
  MWU_IRQn = 32,
  PWM1_IRQn = 33,
  PWM2_IRQn = 34,
  SPIM2_SPIS2_SPI2_IRQn = 35,
  RTC2_IRQn = 36,
  I2S_IRQn = 37,
  FPU_IRQn = 38,
  USBD_IRQn = 39,
  UARTE1_IRQn = 40,
  QSPI_IRQn = 41,
  CRYPTOCELL_IRQn = 42,
  PWM3_IRQn = 45,
  SPIM3_IRQn = 47,
} IRQn_Type;

#endif
