/* Flash and RAM share one address space: PROGMEM is const, reading it is reading memory. */
#ifndef MLBENCH_PGMSPACE_H
#define MLBENCH_PGMSPACE_H

#include <stdint.h>
#include <string.h>

#define PROGMEM
#define PGM_P const char *
#define PGM_VOID_P const void *
#define PSTR(text) (text)
typedef const char prog_char;

#define pgm_read_byte(address) (*(const uint8_t *)(address))
#define pgm_read_word(address) (*(const uint16_t *)(address))
#define pgm_read_dword(address) (*(const uint32_t *)(address))
#define pgm_read_qword(address) (*(const uint64_t *)(address))
#define pgm_read_float(address) (*(const float *)(address))
#define pgm_read_double(address) (*(const double *)(address))
#define pgm_read_ptr(address) (*(void *const *)(address))
#define pgm_read_byte_near(address) pgm_read_byte(address)
#define pgm_read_word_near(address) pgm_read_word(address)
#define pgm_read_dword_near(address) pgm_read_dword(address)
#define pgm_read_float_near(address) pgm_read_float(address)
#define pgm_read_ptr_near(address) pgm_read_ptr(address)
#define pgm_read_byte_far(address) pgm_read_byte(address)
#define pgm_read_word_far(address) pgm_read_word(address)
#define pgm_read_dword_far(address) pgm_read_dword(address)
#define pgm_read_float_far(address) pgm_read_float(address)
#define pgm_get_far_address(variable) (&(variable))

#define memchr_P memchr
#define memcmp_P memcmp
#define memcpy_P memcpy
#define memmem_P memmem
#define strcasecmp_P strcasecmp
#define strcat_P strcat
#define strchr_P strchr
#define strcmp_P strcmp
#define strcpy_P strcpy
#define strlen_P strlen
#define strncasecmp_P strncasecmp
#define strncat_P strncat
#define strncmp_P strncmp
#define strncpy_P strncpy
#define strnlen_P strnlen
#define strrchr_P strrchr
#define strstr_P strstr
#define sprintf_P sprintf
#define snprintf_P snprintf
#define vsnprintf_P vsnprintf
#define printf_P printf
#define sscanf_P sscanf

#endif
