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
  using namespace tflite::ops::micro;
  alignas(16) static uint8_t arena[16 * 1024];
  static tflite::MicroErrorReporter reporter;
  static tflite::MicroMutableOpResolver<6> operations(&reporter);
  const int any = tflite::MicroOpResolverAnyVersion();
  operations.AddBuiltin(tflite::BuiltinOperator_CONV_2D, Register_CONV_2D(), any);
  operations.AddBuiltin(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, Register_DEPTHWISE_CONV_2D(), any);
  operations.AddBuiltin(tflite::BuiltinOperator_MAX_POOL_2D, Register_MAX_POOL_2D(), any);
  operations.AddBuiltin(tflite::BuiltinOperator_AVERAGE_POOL_2D, Register_AVERAGE_POOL_2D(), any);
  operations.AddBuiltin(tflite::BuiltinOperator_FULLY_CONNECTED, Register_FULLY_CONNECTED(), any);
  operations.AddBuiltin(tflite::BuiltinOperator_SOFTMAX, Register_SOFTMAX(), any);
  static tflite::MicroInterpreter made(tflite::GetModel(model_data), operations, arena, sizeof(arena),
                                       &reporter);
  interpreter = &made;
  return interpreter->AllocateTensors() == kTfLiteOk && interpreter->input(0)->bytes == kInputBytes;
}

bool model_execute(const int8_t* input, int8_t* outputs) {
  memcpy(interpreter->input(0)->data.int8, input, kInputBytes);
  if (interpreter->Invoke() != kTfLiteOk) return false;
  for (size_t i = 0; i < interpreter->outputs_size(); ++i) {
    const TfLiteTensor* const tensor = interpreter->output(i);
    memcpy(outputs, tensor->data.int8, tensor->bytes);
    outputs += tensor->bytes;
  }
  return true;
}
