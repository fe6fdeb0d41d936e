//! The queue from those who record to the one writer.
//!
//! It holds so many messages and no more, and it wakes the writer only where that waits, after the lock is given back:
//! the writer needs the lock as soon as it runs, and on a busy core it runs as soon as it is woken. A channel of the
//! standard library's wakes under a lock of its own, and then both threads are put to sleep and woken once more.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::ledger::LedgerError;
use crate::ledger::shared::Message;
use crate::ledger::sync::{Condvar, Mutex, MutexGuard};

/// A queue with room for so many messages.
pub fn queue(messages_max: usize) -> (Sender, Receiver) {
    let queue = Arc::new(Queue { messages_max, state: Mutex::default(), arrived: Condvar::new() });
    (Sender(Arc::new(Open(Arc::clone(&queue)))), Receiver(queue))
}

/// The end that those hold who record; cheap to clone.
#[derive(Clone)]
pub struct Sender(Arc<Open>);

/// The writer's end.
pub struct Receiver(Arc<Queue>);

/// What a wait ended with.
pub enum Next {
    /// A message.
    Message(Message),
    /// Nothing came in time.
    Nothing,
    /// Nothing more can come.
    End,
}

struct Queue {
    messages_max: usize,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    /// The writer is asleep, and nobody has woken it.
    waits: bool,
    /// No sender is left.
    ended: bool,
    /// The writer is gone.
    closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a single one, so that a panic elsewhere leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let waits = std::mem::take(&mut state.waits);
        drop(state);
        if waits {
            self.arrived.notify_one();
        }
    }
}

/// What all senders hold together; its end is the queue's.
struct Open(Arc<Queue>);

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        self.0.wake(state);
    }
}

impl Sender {
    /// Puts a message into the queue, or gives it back with the reason why not.
    pub fn send(&self, message: Message) -> Result<(), (Message, LedgerError)> {
        let queue = &*self.0.0;
        let mut state = queue.state();
        if state.closed {
            return Err((message, LedgerError::Stop));
        }
        if state.messages.len() >= queue.messages_max {
            return Err((message, LedgerError::Full));
        }
        state.messages.push_back(message);
        queue.wake(state);
        Ok(())
    }
}

impl Receiver {
    /// The next message; waits for it if there is none, but not longer than this.
    pub fn next(&self, wait: Duration) -> Next {
        let until = Instant::now() + wait;
        let mut state = self.0.state();
        loop {
            if let Some(message) = state.messages.pop_front() {
                return Next::Message(message);
            }
            if state.ended {
                return Next::End;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::Nothing;
            }
            state.waits = true;
            state = self.0.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.waits = false;
        }
    }

    /// The next message, if there is one.
    pub fn waiting(&self) -> Option<Message> {
        self.0.state().messages.pop_front()
    }
}

impl Drop for Receiver {
    /// Whoever put in what nobody reads any more is told so.
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let unread = std::mem::take(&mut state.messages);
        drop(state);
        for message in unread {
            message.refuse(LedgerError::Stop);
        }
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use std::thread;

    use super::*;

    /// No wait may end a test that does not end by itself.
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_queue_takes_what_it_has_room_for() {
        let (sender, receiver) = queue(1);
        assert!(sender.send(Message::Stop).is_ok());
        assert_eq!(sender.send(Message::Stop).err().map(|(_, error)| error), Some(LedgerError::Full));
        assert!(matches!(receiver.next(LONG), Next::Message(Message::Stop)));
        assert!(receiver.waiting().is_none() && matches!(receiver.next(Duration::ZERO), Next::Nothing));
        assert!(sender.send(Message::Stop).is_ok());
        drop(receiver);
        assert_eq!(sender.send(Message::Stop).err().map(|(_, error)| error), Some(LedgerError::Stop));
    }

    #[test]
    fn a_writer_that_waits_is_woken_by_each_message_and_by_the_last_sender() {
        const MESSAGES: usize = 1000;
        let (sender, receiver) = queue(MESSAGES);
        let writer = thread::spawn(move || {
            let mut count = 0;
            while let Next::Message(_) = receiver.next(LONG) {
                count += 1;
            }
            count
        });
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let sender = sender.clone();
                thread::spawn(move || (0..MESSAGES / 2).all(|_| sender.send(Message::Stop).is_ok()))
            })
            .collect();
        assert!(senders.into_iter().all(|sender| sender.join().unwrap()));
        drop(sender);
        assert_eq!(writer.join().unwrap(), MESSAGES);
    }
}
