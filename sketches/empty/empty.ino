// What the board's core alone takes.
void setup() {}
void loop() {}
