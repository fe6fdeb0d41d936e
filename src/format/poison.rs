//! A walker that has refused stays refused.
//!
//! After a refusal a walker has lost its place; bytes that came later would be read as something
//! that they are not. So whoever goes on by mistake gets the same refusal again.

use crate::terms::leaf::{Sink, Walker};
use crate::terms::refusal::Refusal;

/// A walker and its first refusal.
pub struct Poison {
    walker: Box<dyn Walker>,
    refusal: Option<Refusal>,
}

impl Poison {
    /// Watches over a walker.
    pub fn new(walker: Box<dyn Walker>) -> Poison {
        Poison { walker, refusal: None }
    }

    fn run(&mut self, step: impl FnOnce(&mut dyn Walker) -> Result<(), Refusal>) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        step(&mut *self.walker).inspect_err(|refusal| self.refusal = Some(refusal.clone()))
    }
}

impl Walker for Poison {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.run(|walker| walker.write(chunk, sink))
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.run(|walker| walker.end(sink))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::leaf::Leaf;
    use crate::terms::refusal::Reason;

    struct Once(bool);

    impl Walker for Once {
        fn write(&mut self, _: &[u8], _: &mut dyn Sink) -> Result<(), Refusal> {
            let refuse = std::mem::take(&mut self.0);
            if refuse { Err(Refusal::new(Reason::Unreadable, "once")) } else { Ok(()) }
        }

        fn end(&mut self, _: &mut dyn Sink) -> Result<(), Refusal> {
            Ok(())
        }
    }

    struct Nobody;

    impl Sink for Nobody {
        fn leaf(&mut self, _: &Leaf<'_>) -> Result<(), Refusal> {
            Ok(())
        }

        fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
            Ok(())
        }

        fn settled(&mut self, _: usize) -> Result<(), Refusal> {
            Ok(())
        }
    }

    #[test]
    fn a_refusal_stays() {
        let mut walker = Poison::new(Box::new(Once(true)));
        let refusal = walker.write(b"", &mut Nobody).expect_err("the first write is refused");
        assert_eq!(walker.write(b"", &mut Nobody), Err(refusal.clone()));
        assert_eq!(walker.end(&mut Nobody), Err(refusal));

        let mut walker = Poison::new(Box::new(Once(false)));
        assert_eq!(walker.write(b"", &mut Nobody), Ok(()));
        assert_eq!(walker.end(&mut Nobody), Ok(()));
    }
}
