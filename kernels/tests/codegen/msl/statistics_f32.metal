#include <metal_stdlib>
using namespace metal;

struct info_st {
    float scalars_float[2];
uint scalars_uint[2];uint static_meta[22];
};

[[kernel]]
void statistics_s_f32_o_f32(
    const device uint * buffer_0 [[buffer(0)]],
    const device uint * buffer_1 [[buffer(1)]],
    const device uint * buffer_2 [[buffer(2)]],
    const device uint * buffer_3 [[buffer(3)]],
    const device uint * buffer_4 [[buffer(4)]],
    const device float * buffer_5 [[buffer(5)]],
    const device float * buffer_6 [[buffer(6)]],
    const device float * buffer_7 [[buffer(7)]],
    const device float * buffer_8 [[buffer(8)]],
    device float * buffer_9 [[buffer(9)]],
    device float * buffer_10 [[buffer(10)]],
    constant info_st& info [[buffer(11)]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]],
    uint thread_index_in_threadgroup [[thread_index_in_threadgroup]],
    uint3 thread_pos_in_threadgroup [[thread_position_in_threadgroup]],
    uint3 threadgroup_pos_in_grid [[threadgroup_position_in_grid]]
) {
uint threadgroup_index_in_grid = (threadgroup_pos_in_grid.z * threadgroups_per_grid.y * threadgroups_per_grid.x) + (threadgroup_pos_in_grid.y * threadgroups_per_grid.x) + threadgroup_pos_in_grid.x;
threadgroup uchar dynamic_shared_mem[1024];
// Shared array size: 256, 1024 bytes
threadgroup float* shared_memory_0 = reinterpret_cast<threadgroup float*>(&dynamic_shared_mem[0]);
uint l_mut_5;
uint l_mut_6;
uint l_mut_7;
uint l_mut_17;
float l_mut_12;
float l_mut_13;
float l_mut_38;
const uint l_1 = threadgroup_index_in_grid * threads_per_threadgroup.y;
const uint l_2 = l_1 + thread_pos_in_threadgroup.y;
const uint l_3 = l_2 / info.scalars_uint[1];
const uint l_4 = l_2 % info.scalars_uint[1];
l_mut_5 = uint(0);
l_mut_6 = uint(0);
l_mut_7 = uint(0);
const bool l_8 = l_3 < info.scalars_uint[0];
if (l_8) {
const uint l_9 = buffer_0[l_3];
l_mut_5 = l_9;
const uint l_10 = buffer_1[l_3];
l_mut_6 = l_10;
const uint l_11 = buffer_2[l_3];
l_mut_7 = l_11;
}
l_mut_12 = float(-3.4028234663852886e38);
l_mut_13 = float(0.0);
const uint l_14 = l_mut_6 + thread_pos_in_threadgroup.x;
l_mut_6 = l_14;
while (true) {
const bool l_15 = l_mut_6 < l_mut_7;
const bool l_16 = !l_15;
if (l_16) {
break;}
l_mut_17 = l_mut_6;
const uint l_18 = l_mut_17 * info.scalars_uint[1];
const uint l_19 = l_18 + l_4;
const uint l_20 = l_mut_5 * info.scalars_uint[1];
const uint l_21 = l_20 + l_4;
const float l_22 = buffer_5[l_21];
const uint l_23 = buffer_3[l_mut_6];
const uint l_24 = l_23 * info.scalars_uint[1];
const uint l_25 = l_24 + l_4;
const float l_26 = buffer_6[l_25];
const float l_27 = l_22 + l_26;
const bool l_28 = l_27 > float(0.0);
const float l_29 = info.scalars_float[0] * l_27;
const float l_30 = (l_28) ? l_27 : l_29;
const float l_31 = max(l_mut_12, l_30);
const float l_32 = l_mut_12 - l_31;
const float l_33 = exp(l_32);
const float l_34 = l_mut_13 * l_33;
const float l_35 = l_30 - l_31;
const float l_36 = exp(l_35);
const float l_37 = l_34 + l_36;
l_mut_13 = l_37;
l_mut_12 = l_31;
l_mut_6 = l_mut_6 + threads_per_threadgroup.x;
}
l_mut_38 = l_mut_12;
shared_memory_0[thread_index_in_threadgroup] = l_mut_12;
threadgroup_barrier(mem_flags::mem_threadgroup);
const uint l_39 = threads_per_threadgroup.x / uint(2);
l_mut_17 = l_39;
while (true) {
const bool l_40 = l_mut_17 > uint(0);
const bool l_41 = !l_40;
if (l_41) {
break;}
const bool l_42 = thread_pos_in_threadgroup.x < l_mut_17;
if (l_42) {
const uint l_43 = thread_index_in_threadgroup + l_mut_17;
const float l_44 = shared_memory_0[l_43];
const float l_45 = shared_memory_0[thread_index_in_threadgroup];
const float l_46 = max(l_45, l_44);
shared_memory_0[thread_index_in_threadgroup] = l_46;
}
threadgroup_barrier(mem_flags::mem_threadgroup);
l_mut_17 = l_mut_17 / uint(2);
}
const uint l_47 = thread_index_in_threadgroup - thread_pos_in_threadgroup.x;
const float l_48 = shared_memory_0[l_47];
l_mut_38 = l_48;
threadgroup_barrier(mem_flags::mem_threadgroup);
const float l_49 = l_mut_12 - l_mut_38;
const float l_50 = exp(l_49);
l_mut_13 = l_mut_13 * l_50;
l_mut_12 = l_mut_38;
l_mut_38 = l_mut_13;
shared_memory_0[thread_index_in_threadgroup] = l_mut_13;
threadgroup_barrier(mem_flags::mem_threadgroup);
const uint l_51 = threads_per_threadgroup.x / uint(2);
l_mut_17 = l_51;
while (true) {
const bool l_52 = l_mut_17 > uint(0);
const bool l_53 = !l_52;
if (l_53) {
break;}
const bool l_54 = thread_pos_in_threadgroup.x < l_mut_17;
if (l_54) {
const uint l_55 = thread_index_in_threadgroup + l_mut_17;
const float l_56 = shared_memory_0[l_55];
const float l_57 = shared_memory_0[thread_index_in_threadgroup];
const float l_58 = l_57 + l_56;
shared_memory_0[thread_index_in_threadgroup] = l_58;
}
threadgroup_barrier(mem_flags::mem_threadgroup);
l_mut_17 = l_mut_17 / uint(2);
}
const uint l_59 = thread_index_in_threadgroup - thread_pos_in_threadgroup.x;
const float l_60 = shared_memory_0[l_59];
l_mut_38 = l_60;
threadgroup_barrier(mem_flags::mem_threadgroup);
const bool l_61 = l_3 < info.scalars_uint[0];
if (l_61) {
const bool l_62 = thread_pos_in_threadgroup.x == uint(0);
if (l_62) {
const uint l_63 = uint(2) * l_mut_5;
const uint l_64 = l_63 * info.scalars_uint[1];
const uint l_65 = l_64 + l_4;
buffer_9[l_65] = l_mut_12;
const uint l_66 = l_65 + info.scalars_uint[1];
const float l_67 = float(1.0) / l_mut_38;
buffer_9[l_66] = l_67;
}
}

}
