//! HTTP/2 on staff's side: heads that one of two readers could take otherwise, frames that cost their sender nothing,
//! streams that stand still, and answers that end visibly or not at all.

mod bare;
mod frames;
mod stub;
mod violations;
mod whole;
