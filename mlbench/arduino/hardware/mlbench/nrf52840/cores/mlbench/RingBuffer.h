/* Bytes that one writes and another reads, by the names of Arduino's API. A byte too many is dropped. The guard
   too is the API's: libraries bring their copies of this header under it. */
#ifndef _RING_BUFFER_
#define _RING_BUFFER_

#include <stdint.h>
#include <string.h>

#define SERIAL_BUFFER_SIZE 64

template <int N>
class RingBufferN {
 public:
  void store_char(uint8_t byte) {
    if (!isFull()) {
      _aucBuffer[_iHead] = byte;
      _iHead = nextIndex(_iHead);
      _numElems = _numElems + 1;
    }
  }
  void clear() {
    _iHead = _iTail = _numElems = 0;
    memset(_aucBuffer, 0, N);
  }
  /* -1 where there is none. */
  int read_char() {
    int byte = peek();
    if (byte >= 0) {
      _iTail = nextIndex(_iTail);
      _numElems = _numElems - 1;
    }
    return byte;
  }
  int available() { return _numElems; }
  int availableForStore() { return N - _numElems; }
  int peek() { return _numElems ? _aucBuffer[_iTail] : -1; }
  bool isFull() { return _numElems == N; }

  uint8_t _aucBuffer[N] = {};
  volatile int _iHead = 0, _iTail = 0, _numElems = 0;

 private:
  int nextIndex(int index) { return (index + 1) % N; }
};

typedef RingBufferN<SERIAL_BUFFER_SIZE> RingBuffer;

namespace arduino {
using ::RingBuffer;
using ::RingBufferN;
}

#endif
