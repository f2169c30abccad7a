#include <metal_stdlib>
using namespace metal;

struct alignas(16) float_4 {
    float i_0;
    float i_1;
    float i_2;
    float i_3;
};

struct info_st {
    uint scalars_uint[2];uint static_meta[6];
};

[[kernel]]
void swiglu_f_f32_n_4(
    const device float_4 * buffer_0 [[buffer(0)]],
    const device float_4 * buffer_1 [[buffer(1)]],
    device float_4 * buffer_2 [[buffer(2)]],
    constant info_st& info [[buffer(3)]],
    uint3 thread_pos_in_grid [[thread_position_in_grid]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]]
) {
uint thread_index_in_grid = (
                thread_pos_in_grid.z * threadgroups_per_grid.x * threads_per_threadgroup.x * threadgroups_per_grid.y * threads_per_threadgroup.y)
                + (thread_pos_in_grid.y * threadgroups_per_grid.x * threads_per_threadgroup.x)
                + thread_pos_in_grid.x;
float_4 l_mut_4;
const bool l_0 = thread_index_in_grid < info.scalars_uint[0];
if (l_0) {
const float_4 l_1 = buffer_0[thread_index_in_grid];
const float_4 l_2 = buffer_1[thread_index_in_grid];
const float_4 l_3 = float_4{
float(0.0),float(0.0),float(0.0),float(0.0),};
l_mut_4 = l_3;
const float l_5 = l_1.i_0;
const float l_6 = l_1.i_0;
const float l_7 = float(0.0) - l_6;
const float l_8 = exp(l_7);
const float l_9 = float(1.0) + l_8;
const float l_10 = float(1.0) / l_9;
const float l_11 = l_5 * l_10;
const float l_12 = l_2.i_0;
const float l_13 = l_11 * l_12;
l_mut_4.i_0 = l_13;
const float l_14 = l_1.i_1;
const float l_15 = l_1.i_1;
const float l_16 = float(0.0) - l_15;
const float l_17 = exp(l_16);
const float l_18 = float(1.0) + l_17;
const float l_19 = float(1.0) / l_18;
const float l_20 = l_14 * l_19;
const float l_21 = l_2.i_1;
const float l_22 = l_20 * l_21;
l_mut_4.i_1 = l_22;
const float l_23 = l_1.i_2;
const float l_24 = l_1.i_2;
const float l_25 = float(0.0) - l_24;
const float l_26 = exp(l_25);
const float l_27 = float(1.0) + l_26;
const float l_28 = float(1.0) / l_27;
const float l_29 = l_23 * l_28;
const float l_30 = l_2.i_2;
const float l_31 = l_29 * l_30;
l_mut_4.i_2 = l_31;
const float l_32 = l_1.i_3;
const float l_33 = l_1.i_3;
const float l_34 = float(0.0) - l_33;
const float l_35 = exp(l_34);
const float l_36 = float(1.0) + l_35;
const float l_37 = float(1.0) / l_36;
const float l_38 = l_32 * l_37;
const float l_39 = l_2.i_3;
const float l_40 = l_38 * l_39;
l_mut_4.i_3 = l_40;
buffer_2[thread_index_in_grid] = l_mut_4;
}

}
