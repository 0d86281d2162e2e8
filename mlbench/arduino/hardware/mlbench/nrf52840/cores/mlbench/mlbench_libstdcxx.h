/*
 * Included before each C++ file. Makes std::string come from its header alone: the header would leave
 * its functions to libstdc++'s archive, which need not be installed. -1 is libstdc++'s own value for
 * that (bits/c++config.h); it cannot be given with -D, as that file defines it again.
 */
#if defined(__cplusplus) && __has_include(<bits/c++config.h>)
#include <bits/c++config.h>
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE -1
#endif
