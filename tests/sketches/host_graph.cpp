// Says whether the graph text on stdin makes an executor that is ready.
#include <graph_executor.h>

#include <cstdio>
#include <string>

int main() {
  std::string text;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) text.push_back(static_cast<char>(c));
  static const uint32_t powers[256] = {};
  const void* const constants[] = {powers, powers, powers, powers};
  tiny::GraphExecutor first(text.c_str(), constants);
  tiny::GraphExecutor second(text.c_str(), constants);
  first = static_cast<tiny::GraphExecutor&&>(second);
  std::puts(first.ready() ? "ready" : "refused");
}
