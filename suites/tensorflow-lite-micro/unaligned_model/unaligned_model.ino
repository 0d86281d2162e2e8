// The micro_speech model as it arrives over a link: behind one byte that tells its version. The model
// itself is whole, but it lies at an odd address. A desktop computer runs it; a Cortex-M4 faults.
// Build it with -DALIGNED=1 to see it work: then the model is copied to an aligned array first.
#include <TensorFlowLiteMicro.h>
#include <string.h>

#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

struct Message {
  uint8_t version;
  uint8_t model[sizeof(micro_speech_model)];
};

static Message message;
alignas(16) static uint8_t arena[10 * 1024];
static tflite::MicroInterpreter* interpreter;

// What TensorFlow Lite Micro reports errors through.
extern "C" void DebugLog(const char* text) { Serial.print(text); }

static void receive() {
  message.version = 1;
  memcpy(message.model, micro_speech_model, sizeof(message.model));
}

bool model_initialize(const uint8_t* model) {
  static tflite::MicroErrorReporter reporter;
  static tflite::MicroMutableOpResolver<3> operations(&reporter);
  operations.AddBuiltin(tflite::BuiltinOperator_DEPTHWISE_CONV_2D,
                        tflite::ops::micro::Register_DEPTHWISE_CONV_2D(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_FULLY_CONNECTED,
                        tflite::ops::micro::Register_FULLY_CONNECTED(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_SOFTMAX, tflite::ops::micro::Register_SOFTMAX(), 1);
  static tflite::MicroInterpreter micro(tflite::GetModel(model), operations, arena, sizeof(arena), &reporter);
  interpreter = &micro;
  return micro.AllocateTensors() == kTfLiteOk;
}

void setup() {
  Serial.begin(115200);
  receive();
#if ALIGNED
  alignas(16) static uint8_t model[sizeof(message.model)];
  memcpy(model, message.model, sizeof(model));
#else
  const uint8_t* const model = message.model;
#endif
  if (!model_initialize(model)) {
    for (;;) {
    }
  }
}

void loop() {
  memcpy(interpreter->input(0)->data.uint8, micro_speech_yes, interpreter->input(0)->bytes);
  interpreter->Invoke();
  Serial.println(interpreter->output(0)->data.uint8[2]);
}
