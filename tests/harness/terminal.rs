//! A person at a terminal: what a command asks and says goes to a pseudo terminal, where the answers are typed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::cmd::{Cmd, Ran};

/// What is typed at a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'a> {
    /// Shown while it is typed.
    Typed(&'a str),
    /// Typed once the terminal shows nothing of it.
    Hidden(&'a str),
}

impl Cmd {
    /// Runs it at a terminal. Each answer is typed when its question stands there; gives how it ended and what stood
    /// on the terminal.
    pub(crate) async fn converse(mut self, script: &[(&str, Answer<'_>)]) -> (Ran, String) {
        let (controller, terminal) = pseudo_terminal();
        let side = || terminal.try_clone().expect("a terminal has two directions");
        self.command
            .stdin(side())
            .stderr(side())
            .stdout(Stdio::piped());
        drop(terminal);
        let child = self.command.spawn().expect("the binary can be started");
        // What it holds of the terminal would keep it from ending.
        drop(self.command);
        let script: Vec<(String, String, bool)> = script
            .iter()
            .map(|(question, answer)| match answer {
                Answer::Typed(text) => (question.to_string(), format!("{text}\n"), false),
                Answer::Hidden(text) => (question.to_string(), format!("{text}\n"), true),
            })
            .collect();
        let talk = tokio::task::spawn_blocking(move || converse(controller, &script));
        let both = async { tokio::join!(child.wait_with_output(), talk) };
        let Ok((output, talk)) = tokio::time::timeout(self.timeout, both).await else {
            panic!("`{}` was not over after {:?}", self.shown, self.timeout)
        };
        let output = output.expect("the output of a child can be read");
        let ran = Ran {
            shown: self.shown,
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::new(),
        };
        (ran, talk.expect("the conversation ends"))
    }
}

/// The two ends of a terminal: ours, and the command's.
fn pseudo_terminal() -> (File, File) {
    let controller =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be made");
    grantpt(&controller).expect("it is ours");
    unlockpt(&controller).expect("it can be used");
    let name = ptsname(&controller, Vec::new()).expect("it has a name");
    let flags = i32::try_from(OFlags::NOCTTY.bits()).expect("a flag is small");
    let terminal = File::options()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(name.to_str().expect("the name is text"))
        .expect("it can be opened");
    (File::from(controller), terminal)
}

/// Reads until the command has let go of the terminal, and answers.
fn converse(mut controller: File, script: &[(String, String, bool)]) -> String {
    let mut talk = String::new();
    let mut from = 0;
    let mut script = script.iter();
    let mut next = script.next();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // The end of a terminal is an error.
    while let Ok(length @ 1..) = controller.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
        talk = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        while let Some((question, answer, hidden)) = next {
            let Some(at) = talk
                .get(from..)
                .and_then(|rest| rest.find(question.as_str()))
            else {
                break;
            };
            from += at + question.len();
            let echoes = || {
                let modes = tcgetattr(&controller).expect("a terminal has modes");
                modes.local_modes.contains(LocalModes::ECHO)
            };
            while *hidden && echoes() {
                std::thread::yield_now();
            }
            controller
                .write_all(answer.as_bytes())
                .expect("an answer can be typed");
            next = script.next();
        }
    }
    if let Some((question, _, _)) = next {
        panic!("`{question}` was not asked:\n{talk}");
    }
    talk
}
