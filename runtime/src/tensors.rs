//! Answers as tensors: columns of ids for those who gather embeddings or features by them.

use hypergraphql_ops::{HyperBackend, IdTensor, id_tensor};

use crate::engine::Solutions;

impl Solutions {
    /// The ids of a variable's column as a tensor `[rows]` of type u32; none if there is no such column. On the CPU nothing is copied, not even where the
    /// column is a part of the file of a store. Which ids mean what is said at [`Solutions::ids`].
    ///
    /// ```
    /// use hypergraphql_framework::store::AtomSpace;
    /// use hypergraphql_ops::{Cpu, CpuDevice};
    /// use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};
    /// use oxrdf::{GraphName, NamedNode, Quad};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let node = |name: &str| NamedNode::new_unchecked(format!("http://example.org/{name}"));
    /// let engine = Engine::new(AtomSpace::from_quads([Quad::new(node("ada"), node("knows"), node("grace"), GraphName::DefaultGraph)])?);
    /// let Answer::Solutions(found) = engine.query("SELECT ?who { :ada :knows ?who }", &QueryOptions::default())? else { panic!("SELECT gives solutions") };
    /// let who = found.tensor::<Cpu>("who", &CpuDevice::default()).expect("a column of this name");
    /// let ids = who.to_data().to_vec::<u32>().expect("ids are u32");
    /// assert_eq!(found.version().term(ids[0]), Some(node("grace").into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tensor<B: HyperBackend>(&self, variable: &str, device: &B::Device) -> Option<IdTensor<B>> {
        Some(id_tensor::<B>(self.column(variable)?.clone(), device))
    }
}
