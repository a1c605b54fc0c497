//! From calls that block to tasks that do not.

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;
use tokio::runtime::{Builder, Runtime};

/// A thread of its own for all requests to a bucket.
///
/// A caller waits on a channel for a task that this thread runs, so it may be any thread, also one of another runtime. It cannot wait
/// for ever: the thread runs nothing but such tasks, no task calls back into [`Bridge::run`] or holds a lock that a caller waits for,
/// and every request of a task has a time limit. What a task starts (connections, names to look up) lives on this thread too, never
/// on the runtime of a caller that ends or is busy.
pub(super) struct Bridge(Option<Runtime>);

impl Bridge {
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("bucket").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs a task to its end and blocks until then.
    pub(super) fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let Some(runtime) = &self.0 else { return Err(died()) };
        let (done, wait) = sync_channel(1);
        // Whoever waits cannot go away, so sending fails never.
        runtime.spawn(async move { drop(done.send(task.await)) });
        wait.recv().map_err(|_| died())?
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // A runtime that waits for its threads must not be dropped on a thread of another one; this one may be.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn died() -> io::Error {
    io::Error::other("the task that asks the bucket died")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn any_thread_may_wait_also_one_of_a_runtime() {
        let bridge = Bridge::new().unwrap();
        let task = || async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(7)
        };
        assert_eq!(bridge.run(task()).unwrap(), 7);
        let caller = Builder::new_current_thread().build().unwrap();
        caller.block_on(async {
            assert_eq!(bridge.run(task()).unwrap(), 7);
            drop(bridge);
        });
    }

    #[test]
    fn a_task_that_dies_is_an_error() {
        let bridge = Bridge::new().unwrap();
        let error = bridge.run::<()>(async { panic!("dies") }).unwrap_err();
        assert!(error.to_string().contains("died"), "{error}");
        assert_eq!(bridge.run(async { Ok(1) }).unwrap(), 1);
    }
}
