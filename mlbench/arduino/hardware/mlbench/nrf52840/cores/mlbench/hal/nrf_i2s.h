/* Functions for I2S, named as in the nrf_i2s.h that the board's own core has. Section 6.11. */
#ifndef NRF_I2S_H__
#define NRF_I2S_H__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../nrf.h"

#define NRF_I2S_PIN_NOT_CONNECTED 0xFFFFFFFFu

typedef enum {
  NRF_I2S_TASK_START = offsetof(NRF_I2S_Type, TASKS_START),
  NRF_I2S_TASK_STOP = offsetof(NRF_I2S_Type, TASKS_STOP),
} nrf_i2s_task_t;
typedef enum {
  NRF_I2S_EVENT_RXPTRUPD = offsetof(NRF_I2S_Type, EVENTS_RXPTRUPD),
  NRF_I2S_EVENT_STOPPED = offsetof(NRF_I2S_Type, EVENTS_STOPPED),
  NRF_I2S_EVENT_TXPTRUPD = offsetof(NRF_I2S_Type, EVENTS_TXPTRUPD),
} nrf_i2s_event_t;
typedef enum {
  NRF_I2S_INT_RXPTRUPD_MASK = I2S_INTENSET_RXPTRUPD_Msk,
  NRF_I2S_INT_STOPPED_MASK = I2S_INTENSET_STOPPED_Msk,
  NRF_I2S_INT_TXPTRUPD_MASK = I2S_INTENSET_TXPTRUPD_Msk,
} nrf_i2s_int_mask_t;
typedef enum { NRF_I2S_MODE_MASTER = 0, NRF_I2S_MODE_SLAVE = 1 } nrf_i2s_mode_t;
typedef enum { NRF_I2S_FORMAT_I2S = 0, NRF_I2S_FORMAT_ALIGNED = 1 } nrf_i2s_format_t;
typedef enum { NRF_I2S_ALIGN_LEFT = 0, NRF_I2S_ALIGN_RIGHT = 1 } nrf_i2s_align_t;
typedef enum { NRF_I2S_SWIDTH_8BIT = 0, NRF_I2S_SWIDTH_16BIT = 1, NRF_I2S_SWIDTH_24BIT = 2 } nrf_i2s_swidth_t;
typedef enum {
  NRF_I2S_CHANNELS_STEREO = 0,
  NRF_I2S_CHANNELS_LEFT = 1,
  NRF_I2S_CHANNELS_RIGHT = 2,
} nrf_i2s_channels_t;
/* Above 32 bits' half an enumerator would be negative. */
typedef uint32_t nrf_i2s_mck_t;
#define NRF_I2S_MCK_DISABLED 0u
#define NRF_I2S_MCK_32MDIV2 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV2
#define NRF_I2S_MCK_32MDIV3 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV3
#define NRF_I2S_MCK_32MDIV4 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV4
#define NRF_I2S_MCK_32MDIV5 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV5
#define NRF_I2S_MCK_32MDIV6 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV6
#define NRF_I2S_MCK_32MDIV8 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV8
#define NRF_I2S_MCK_32MDIV10 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV10
#define NRF_I2S_MCK_32MDIV11 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV11
#define NRF_I2S_MCK_32MDIV15 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV15
#define NRF_I2S_MCK_32MDIV16 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV16
#define NRF_I2S_MCK_32MDIV21 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV21
#define NRF_I2S_MCK_32MDIV23 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV23
#define NRF_I2S_MCK_32MDIV31 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV31
#define NRF_I2S_MCK_32MDIV42 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV42
#define NRF_I2S_MCK_32MDIV63 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV63
#define NRF_I2S_MCK_32MDIV125 I2S_CONFIG_MCKFREQ_MCKFREQ_32MDIV125
typedef enum {
  NRF_I2S_RATIO_32X = 0,
  NRF_I2S_RATIO_48X = 1,
  NRF_I2S_RATIO_64X = 2,
  NRF_I2S_RATIO_96X = 3,
  NRF_I2S_RATIO_128X = 4,
  NRF_I2S_RATIO_192X = 5,
  NRF_I2S_RATIO_256X = 6,
  NRF_I2S_RATIO_384X = 7,
  NRF_I2S_RATIO_512X = 8,
} nrf_i2s_ratio_t;

#define MLBENCH_I2S static inline __attribute__((always_inline, unused))
#define MLBENCH_I2S_AT(i2s, offset) (*(volatile uint32_t *)((uint8_t *)(i2s) + (offset)))

MLBENCH_I2S void nrf_i2s_enable(NRF_I2S_Type *i2s) { i2s->ENABLE = 1; }
MLBENCH_I2S void nrf_i2s_disable(NRF_I2S_Type *i2s) { i2s->ENABLE = 0; }
MLBENCH_I2S void nrf_i2s_task_trigger(NRF_I2S_Type *i2s, nrf_i2s_task_t task) { MLBENCH_I2S_AT(i2s, task) = 1; }
MLBENCH_I2S bool nrf_i2s_event_check(NRF_I2S_Type const *i2s, nrf_i2s_event_t event) {
  return MLBENCH_I2S_AT(i2s, event) != 0;
}
MLBENCH_I2S void nrf_i2s_event_clear(NRF_I2S_Type *i2s, nrf_i2s_event_t event) {
  MLBENCH_I2S_AT(i2s, event) = 0;
  (void)MLBENCH_I2S_AT(i2s, event);
}
MLBENCH_I2S void nrf_i2s_int_enable(NRF_I2S_Type *i2s, uint32_t mask) { i2s->INTENSET = mask; }
MLBENCH_I2S void nrf_i2s_int_disable(NRF_I2S_Type *i2s, uint32_t mask) { i2s->INTENCLR = mask; }

MLBENCH_I2S void nrf_i2s_pins_set(NRF_I2S_Type *i2s, uint32_t sck, uint32_t lrck, uint32_t mck, uint32_t sdout,
                                  uint32_t sdin) {
  i2s->PSEL.SCK = sck;
  i2s->PSEL.LRCK = lrck;
  i2s->PSEL.MCK = mck;
  i2s->PSEL.SDOUT = sdout;
  i2s->PSEL.SDIN = sdin;
}

/* False where the frame does not hold two samples of the width (6.11.4: a channel has half of RATIO clocks). */
MLBENCH_I2S bool nrf_i2s_configure(NRF_I2S_Type *i2s, nrf_i2s_mode_t mode, nrf_i2s_format_t format,
                                   nrf_i2s_align_t alignment, nrf_i2s_swidth_t width, nrf_i2s_channels_t channels,
                                   nrf_i2s_mck_t clock, nrf_i2s_ratio_t ratio) {
  bool master = mode == NRF_I2S_MODE_MASTER;
  if (master && width == NRF_I2S_SWIDTH_24BIT &&
      (ratio == NRF_I2S_RATIO_32X || ratio == NRF_I2S_RATIO_64X || ratio == NRF_I2S_RATIO_128X ||
       ratio == NRF_I2S_RATIO_256X || ratio == NRF_I2S_RATIO_512X)) {
    return false;
  }
  i2s->CONFIG.MODE = mode;
  i2s->CONFIG.FORMAT = format;
  i2s->CONFIG.ALIGN = alignment;
  i2s->CONFIG.SWIDTH = width;
  i2s->CONFIG.CHANNELS = channels;
  i2s->CONFIG.RATIO = ratio;
  i2s->CONFIG.MCKEN = clock != NRF_I2S_MCK_DISABLED;
  if (clock != NRF_I2S_MCK_DISABLED) {
    i2s->CONFIG.MCKFREQ = clock;
  }
  return true;
}

MLBENCH_I2S void nrf_i2s_rx_buffer_set(NRF_I2S_Type *i2s, uint32_t *buffer) {
  i2s->RXD.PTR = (uint32_t)(uintptr_t)buffer;
}
MLBENCH_I2S void nrf_i2s_tx_buffer_set(NRF_I2S_Type *i2s, uint32_t const *buffer) {
  i2s->TXD.PTR = (uint32_t)(uintptr_t)buffer;
}
/* Words of each buffer; one that is null switches its direction off. */
MLBENCH_I2S void nrf_i2s_transfer_set(NRF_I2S_Type *i2s, uint16_t words, uint32_t *received, uint32_t const *sent) {
  i2s->RXTXD.MAXCNT = words;
  nrf_i2s_rx_buffer_set(i2s, received);
  i2s->CONFIG.RXEN = received != NULL;
  nrf_i2s_tx_buffer_set(i2s, sent);
  i2s->CONFIG.TXEN = sent != NULL;
}

#endif
