#ifndef MLBENCH_PRINTABLE_H
#define MLBENCH_PRINTABLE_H

#include <stddef.h>

class Print;

/* What knows how to print itself. */
class Printable {
 public:
  virtual size_t printTo(Print &print) const = 0;
};

namespace arduino {
using ::Printable;
}

#endif
