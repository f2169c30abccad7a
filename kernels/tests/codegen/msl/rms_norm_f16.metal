#include <metal_stdlib>
using namespace metal;

struct info_st {
    float scalars_float[2];
uint scalars_uint[2];uint static_meta[6];
};

[[kernel]]
void rms_norm_f_f16_n_1(
    const device half * buffer_0 [[buffer(0)]],
    const device half * buffer_1 [[buffer(1)]],
    device half * buffer_2 [[buffer(2)]],
    constant info_st& info [[buffer(3)]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]],
    uint3 thread_pos_in_threadgroup [[thread_position_in_threadgroup]],
    uint3 threadgroup_pos_in_grid [[threadgroup_position_in_grid]],
    uint simd_size [[threads_per_simdgroup]]
) {
uint threadgroup_index_in_grid = (threadgroup_pos_in_grid.z * threadgroups_per_grid.y * threadgroups_per_grid.x) + (threadgroup_pos_in_grid.y * threadgroups_per_grid.x) + threadgroup_pos_in_grid.x;
uint threads_per_simdgroup_checked = min(simd_size, threads_per_threadgroup.x * threads_per_threadgroup.y * threads_per_threadgroup.z);
uint l_mut_5;
float l_mut_3;
float l_mut_13;
const uint l_1 = threadgroup_index_in_grid * threads_per_threadgroup.y;
const uint l_2 = l_1 + thread_pos_in_threadgroup.y;
l_mut_3 = float(0.0);
const bool l_4 = l_2 < info.scalars_uint[0];
if (l_4) {
l_mut_5 = thread_pos_in_threadgroup.x;
while (true) {
const bool l_6 = l_mut_5 < info.scalars_uint[1];
const bool l_7 = !l_6;
if (l_7) {
break;}
const uint l_8 = l_2 * info.scalars_uint[1];
const uint l_9 = l_8 + l_mut_5;
const half l_10 = buffer_0[l_9];
const float l_11 = float(l_10);
const float l_12 = l_11 * l_11;
l_mut_13 = float(0.0);
const float l_14 = l_12;
l_mut_13 = l_mut_13 + l_14;
l_mut_3 = l_mut_3 + l_mut_13;
l_mut_5 = l_mut_5 + threads_per_threadgroup.x;
}
}
l_mut_13 = l_mut_3;
const float l_15 = float {simd_sum(l_mut_3)
};
l_mut_13 = l_15;
const bool l_16 = l_2 < info.scalars_uint[0];
if (l_16) {
const float l_17 = l_mut_13 * info.scalars_float[0];
const float l_18 = l_17 + info.scalars_float[1];
const float l_19 = sqrt(l_18);
const float l_20 = float(1.0) / l_19;
l_mut_5 = thread_pos_in_threadgroup.x;
while (true) {
const bool l_21 = l_mut_5 < info.scalars_uint[1];
const bool l_22 = !l_21;
if (l_22) {
break;}
const uint l_23 = l_2 * info.scalars_uint[1];
const uint l_24 = l_23 + l_mut_5;
const half l_25 = buffer_1[l_mut_5];
const float l_26 = float(l_25);
const half l_27 = buffer_0[l_24];
const float l_28 = float(l_27);
const float l_29 = l_26 * l_28;
const float l_30 = l_29 * l_20;
const half l_31 = half(l_30);
buffer_2[l_24] = l_31;
l_mut_5 = l_mut_5 + threads_per_threadgroup.x;
}
}

}
