/* The microphone: 16-bit samples into two buffers, one of which is filled while the sketch reads the other. */
#ifndef MLBENCH_PDM_H
#define MLBENCH_PDM_H

#include <Arduino.h>

/* Bytes of a buffer, unless another size is set. */
#define DEFAULT_PDM_BUFFER_SIZE 512

class PDMClass {
 public:
  /* 1 or 2 channels at 16,000 or 41,667 Hz; 0 for any other, or where the buffers do not fit the heap. */
  int begin(int channels, int rate);
  void end();

  /* Bytes of the last full buffer that have not been read. */
  int available();
  /* How many bytes were copied: at most those that are available. */
  int read(void *buffer, size_t size);
  /* Called in the interrupt's handler whenever a buffer is full. */
  void onReceive(void (*callback)()) { callback_ = callback; }

  /* 0 to 80, in steps of half a decibel, 40 being 0 dB; 20 unless told. Others count as 20. */
  void setGain(int gain);
  /* Of one of the two buffers, in bytes: DEFAULT_PDM_BUFFER_SIZE unless told. Counts from the next begin() on. */
  void setBufferSize(int size) { size_ = size > 2 ? (size_t)size & ~1u : 2u; }
  size_t getBufferSize() const { return size_; }

  void handle();

 private:
  void (*callback_)() = nullptr;
  size_t size_ = DEFAULT_PDM_BUFFER_SIZE, room_ = 0;
  uint8_t *buffers_ = nullptr;
  uint8_t gain_ = 20, filling_ = 0, next_ = 0, full_ = 0;
  volatile size_t read_ = 0, length_ = 0;
};

extern PDMClass PDM;

#endif
