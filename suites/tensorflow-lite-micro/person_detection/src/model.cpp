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
  alignas(16) static uint8_t arena[93 * 1024];
  static tflite::MicroErrorReporter reporter;
  static tflite::MicroMutableOpResolver<3> operations(&reporter);
  operations.AddBuiltin(tflite::BuiltinOperator_CONV_2D, tflite::ops::micro::Register_CONV_2D(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_DEPTHWISE_CONV_2D,
                        tflite::ops::micro::Register_DEPTHWISE_CONV_2D(), 1);
  operations.AddBuiltin(tflite::BuiltinOperator_AVERAGE_POOL_2D,
                        tflite::ops::micro::Register_AVERAGE_POOL_2D(), 1);
  static tflite::MicroInterpreter made(tflite::GetModel(person_detection_model), operations, arena, sizeof(arena),
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
