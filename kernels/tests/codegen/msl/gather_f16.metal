#include <metal_stdlib>
using namespace metal;

struct alignas(8) half_4 {
    half i_0;
    half i_1;
    half i_2;
    half i_3;
};

struct info_st {
    uint scalars_uint[2];uint static_meta[6];
};

[[kernel]]
void gather_f_f16_n_4(
    const device uint * buffer_0 [[buffer(0)]],
    const device half_4 * buffer_1 [[buffer(1)]],
    device half_4 * buffer_2 [[buffer(2)]],
    constant info_st& info [[buffer(3)]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]],
    uint3 thread_pos_in_threadgroup [[thread_position_in_threadgroup]],
    uint3 threadgroup_pos_in_grid [[threadgroup_position_in_grid]]
) {
uint threadgroup_index_in_grid = (threadgroup_pos_in_grid.z * threadgroups_per_grid.y * threadgroups_per_grid.x) + (threadgroup_pos_in_grid.y * threadgroups_per_grid.x) + threadgroup_pos_in_grid.x;
uint l_mut_4;
const uint l_0 = threadgroup_index_in_grid * threads_per_threadgroup.y;
const uint l_1 = l_0 + thread_pos_in_threadgroup.y;
const bool l_2 = l_1 < info.scalars_uint[0];
if (l_2) {
const uint l_3 = buffer_0[l_1];
l_mut_4 = thread_pos_in_threadgroup.x;
while (true) {
const bool l_5 = l_mut_4 < info.scalars_uint[1];
const bool l_6 = !l_5;
if (l_6) {
break;}
const uint l_7 = l_1 * info.scalars_uint[1];
const uint l_8 = l_7 + l_mut_4;
const uint l_9 = l_3 * info.scalars_uint[1];
const uint l_10 = l_9 + l_mut_4;
const half_4 l_11 = buffer_1[l_10];
buffer_2[l_8] = reinterpret_cast<thread half_4 const&>(l_11);
l_mut_4 = l_mut_4 + threads_per_threadgroup.x;
}
}

}
