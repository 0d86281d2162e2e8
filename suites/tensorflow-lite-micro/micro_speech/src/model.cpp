#include "model.h"

#include <TensorFlowLiteMicro.h>
#include <string.h>

#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

static tflite::MicroInterpreter* interpreter;

bool model_initialize() {
  alignas(16) static uint8_t arena[10 * 1024];
  static tflite::MicroErrorReporter reporter;
  static tflite::MicroMutableOpResolver<3> operations(&reporter);
  operations.AddBuiltin(tflite::BuiltinOperator_DEPTHWISE_CONV_2D,
                        tflite::ops::micro::Register_DEPTHWISE_CONV_2D(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_FULLY_CONNECTED,
                        tflite::ops::micro::Register_FULLY_CONNECTED(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_SOFTMAX, tflite::ops::micro::Register_SOFTMAX(), 1);
  static tflite::MicroInterpreter made(tflite::GetModel(micro_speech_model), operations, arena, sizeof(arena),
                                       &reporter);
  interpreter = &made;
  return interpreter->AllocateTensors() == kTfLiteOk;
}

const uint8_t* model_execute(const unsigned char* input) {
  TfLiteTensor* const tensor = interpreter->input(0);
  memcpy(tensor->data.uint8, input, tensor->bytes);
  if (interpreter->Invoke() != kTfLiteOk) return nullptr;
  return interpreter->output(0)->data.uint8;
}
