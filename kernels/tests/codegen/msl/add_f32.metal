#include <metal_stdlib>
using namespace metal;

struct info_st {
    uint scalars_uint[2];uint static_meta[6];
};

[[kernel]]
void add_f_f32(
    const device uint * buffer_0 [[buffer(0)]],
    const device float * buffer_1 [[buffer(1)]],
    device atomic_float * buffer_2 [[buffer(2)]],
    constant info_st& info [[buffer(3)]],
    uint3 thread_pos_in_grid [[thread_position_in_grid]],
    uint3 threads_per_threadgroup [[threads_per_threadgroup]],
    uint3 threadgroups_per_grid [[threadgroups_per_grid]]
) {
uint thread_index_in_grid = (
                thread_pos_in_grid.z * threadgroups_per_grid.x * threads_per_threadgroup.x * threadgroups_per_grid.y * threads_per_threadgroup.y)
                + (thread_pos_in_grid.y * threadgroups_per_grid.x * threads_per_threadgroup.x)
                + thread_pos_in_grid.x;
const bool l_0 = thread_index_in_grid < info.scalars_uint[0];
if (l_0) {
const uint l_1 = thread_index_in_grid / info.scalars_uint[1];
const uint l_2 = thread_index_in_grid % info.scalars_uint[1];
const float l_3 = buffer_1[thread_index_in_grid];
const uint l_4 = buffer_0[l_1];
const uint l_5 = l_4 * info.scalars_uint[1];
const uint l_6 = l_5 + l_2;
device atomic_float* l_7 = &buffer_2[l_6];
const float l_8 = atomic_fetch_add_explicit(l_7, l_3, memory_order_relaxed);
}

}
