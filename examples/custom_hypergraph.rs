//! A hypergraph from lists of members, one op on it, one layer forward and backward.
//!
//! `cargo run --release --example custom_hypergraph`

use std::error::Error;

use hypergraphql::prelude::*;

type Ad = burn::backend::Autodiff<Cpu>;

fn main() -> Result<(), Box<dyn Error>> {
    // Five papers by three authors: hyperedge e holds the papers of author e.
    let papers_of_author: [&[u32]; 3] = [&[0, 1, 3], &[1, 2], &[2, 3, 4]];
    let h = Hypergraph::from_members(5, papers_of_author, Duplicates::Error)?;
    println!("{} papers, {} authors, {} incidences", h.nodes(), h.hyperedges(), h.incidences());

    // An op: the mean of the papers of every author.
    let device = CpuDevice::default();
    let incidence = Incidence::<Cpu>::new(&h, &device)?;
    let x = Tensor::from_data([[1., 0.], [2., 0.], [3., 6.], [4., 2.], [5., 1.]], &device); // [5, 2]
    let means = aggregate(x, &incidence, Direction::ToCols, Reduce::Mean, None)?; // [3, 2]
    println!("mean of the papers of every author: {means}");

    // A layer and its gradient: Y = D^-1 H W B^-1 H^T X Θ + b.
    let incidence = Incidence::<Ad>::new(&h, &device)?;
    let x = Tensor::from_data([[1., 0.], [2., 0.], [3., 6.], [4., 2.], [5., 1.]], &device).require_grad(); // [5, 2]
    let layer = HypergraphConvConfig::new(2, 4).init::<Ad>(&device, &mut WeightStream::new(7))?;
    let input = GraphInput::new(incidence, NodeFeatures::Dense(x.clone()))?;
    let y = layer.forward(&input, Precision::F32)?; // [5, 4]
    let gradients = y.square().mean().backward();
    let dx = x.grad(&gradients).ok_or("x has a gradient")?; // [5, 2]
    let dtheta = layer.theta.grad(&gradients).ok_or("theta has a gradient")?; // [2, 4]
    println!("gradient by the features: {dx}");
    println!("gradient by the weight: {dtheta}");
    Ok(())
}
