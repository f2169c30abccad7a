#include <metal_stdlib>
using namespace metal;

struct alignas(8) half_4 {
    half i_0;
    half i_1;
    half i_2;
    half i_3;
};

struct alignas(16) float_4 {
    float i_0;
    float i_1;
    float i_2;
    float i_3;
};

struct info_st {
    uint scalars_uint[2];uint static_meta[8];
};

[[kernel]]
void cross_entropy_f_f16_n_4(
    const device half_4 * buffer_0 [[buffer(0)]],
    const device uint * buffer_1 [[buffer(1)]],
    device half * buffer_2 [[buffer(2)]],
    device float * buffer_3 [[buffer(3)]],
    constant info_st& info [[buffer(4)]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]],
    uint3 thread_pos_in_threadgroup [[thread_position_in_threadgroup]],
    uint3 threadgroup_pos_in_grid [[threadgroup_position_in_grid]]
) {
uint threadgroup_index_in_grid = (threadgroup_pos_in_grid.z * threadgroups_per_grid.y * threadgroups_per_grid.x) + (threadgroup_pos_in_grid.y * threadgroups_per_grid.x) + threadgroup_pos_in_grid.x;
uint l_mut_5;
float l_mut_3;
float l_mut_20;
float l_mut_31;
float l_mut_39;
float l_mut_40;
const uint l_1 = threadgroup_index_in_grid * threads_per_threadgroup.y;
const uint l_2 = l_1 + thread_pos_in_threadgroup.y;
l_mut_3 = float(-3.4028234663852886e38);
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
const half_4 l_10 = buffer_0[l_9];
const float_4 l_11 = float_4{
float(l_10.i_0),float(l_10.i_1),float(l_10.i_2),float(l_10.i_3),};
const float l_12 = l_11.i_0;
const float l_13 = max(l_mut_3, l_12);
l_mut_3 = l_13;
const float l_14 = l_11.i_1;
const float l_15 = max(l_mut_3, l_14);
l_mut_3 = l_15;
const float l_16 = l_11.i_2;
const float l_17 = max(l_mut_3, l_16);
l_mut_3 = l_17;
const float l_18 = l_11.i_3;
const float l_19 = max(l_mut_3, l_18);
l_mut_3 = l_19;
l_mut_5 = l_mut_5 + threads_per_threadgroup.x;
}
}
l_mut_20 = l_mut_3;
l_mut_3 = float(0.0);
const bool l_21 = l_2 < info.scalars_uint[0];
if (l_21) {
l_mut_5 = thread_pos_in_threadgroup.x;
while (true) {
const bool l_22 = l_mut_5 < info.scalars_uint[1];
const bool l_23 = !l_22;
if (l_23) {
break;}
const uint l_24 = l_2 * info.scalars_uint[1];
const uint l_25 = l_24 + l_mut_5;
const half_4 l_26 = buffer_0[l_25];
const float_4 l_27 = float_4{
float(l_26.i_0),float(l_26.i_1),float(l_26.i_2),float(l_26.i_3),};
const float_4 l_28 = float_4{
l_mut_20,l_mut_20,l_mut_20,l_mut_20,};
const float_4 l_29 = float_4{
l_27.i_0 - l_28.i_0, l_27.i_1 - l_28.i_1, l_27.i_2 - l_28.i_2, l_27.i_3 - l_28.i_3, };
const float_4 l_30 = float_4{
exp(l_29.i_0),exp(l_29.i_1),exp(l_29.i_2),exp(l_29.i_3),};
l_mut_31 = float(0.0);
const float l_32 = l_30.i_0;
l_mut_31 = l_mut_31 + l_32;
const float l_33 = l_30.i_1;
l_mut_31 = l_mut_31 + l_33;
const float l_34 = l_30.i_2;
l_mut_31 = l_mut_31 + l_34;
const float l_35 = l_30.i_3;
l_mut_31 = l_mut_31 + l_35;
l_mut_3 = l_mut_3 + l_mut_31;
l_mut_5 = l_mut_5 + threads_per_threadgroup.x;
}
}
l_mut_31 = l_mut_3;
const bool l_36 = l_2 < info.scalars_uint[0];
if (l_36) {
const bool l_37 = thread_pos_in_threadgroup.x == uint(0);
if (l_37) {
const uint l_38 = buffer_1[l_2];
l_mut_3 = float(0.0);
l_mut_39 = float(0.0);
l_mut_40 = float(0.0);
const uint l_41 = info.scalars_uint[1] * uint(4);
const bool l_42 = l_38 < l_41;
if (l_42) {
const uint l_43 = l_2 * info.scalars_uint[1];
const uint l_44 = l_38 / uint(4);
const uint l_45 = l_43 + l_44;
const half_4 l_46 = buffer_0[l_45];
const float_4 l_47 = float_4{
float(l_46.i_0),float(l_46.i_1),float(l_46.i_2),float(l_46.i_3),};
const uint l_48 = l_38 % uint(4);
const float l_49 = reinterpret_cast<thread float const*>(&l_47)[l_48];
const float l_50 = l_mut_20 - l_49;
const float l_51 = log(l_mut_31);
const float l_52 = l_50 + l_51;
l_mut_3 = l_52;
l_mut_39 = l_mut_20;
const float l_53 = float(1.0) / l_mut_31;
l_mut_40 = l_53;
}
const half l_54 = half(l_mut_3);
buffer_2[l_2] = l_54;
const uint l_55 = uint(2) * l_2;
buffer_3[l_55] = l_mut_39;
const uint l_56 = uint(2) * l_2;
const uint l_57 = l_56 + uint(1);
buffer_3[l_57] = l_mut_40;
}
}

}
