//! The number of threads does not change a bit.

use hypergraphql_models::LayerKind;
use hypergraphql_models::train::{EpochRecord, Trainer};

use super::{config, dataset, network, run, saved, split, task};

#[test]
fn one_three_and_four_threads_give_the_same_losses_and_parameters() {
    for layer in [LayerKind::Hgnn, LayerKind::Attention] {
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (task, split) = (task(&dataset()), split());
                let mut trainer = Trainer::new(&task, &split, &network(layer).with_hidden(64), &config()).unwrap();
                let records: Vec<EpochRecord> = run(&mut trainer, 12);
                (records, saved(&trainer).training)
            })
        };
        let one = of(1);
        assert!(of(3) == one && of(4) == one, "{layer:?}");
    }
}
