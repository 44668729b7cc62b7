//! The only place that writes to the terminal. Standard output is the result and nothing else; notes
//! and progress go to standard error, progress only where it is a terminal.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::cli::Color;
use crate::error::CommandError;

type Sink = Mutex<Box<dyn Write + Send>>;

/// Writes a command's result and its notes.
pub struct Printer {
    out: Sink,
    notes: Sink,
    color: bool,
    quiet: bool,
    progress: bool,
}

/// What a text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Style {
    Heading,
    Good,
    Bad,
    Warning,
    Dim,
}

impl Printer {
    /// The printer of this process.
    pub fn of_process(color: Color, quiet: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal();
        Self {
            out: Mutex::new(Box::new(io::stdout())),
            notes: Mutex::new(Box::new(io::stderr())),
            color: match color {
                Color::Auto => terminal && !no_color,
                Color::Always => true,
                Color::Never => false,
            },
            quiet,
            progress: !quiet && io::stderr().is_terminal(),
        }
    }

    /// A printer into these two sinks, without colour or progress: for tests.
    pub fn into_sinks(
        out: impl Write + Send + 'static,
        notes: impl Write + Send + 'static,
    ) -> Self {
        Self {
            out: Mutex::new(Box::new(out)),
            notes: Mutex::new(Box::new(notes)),
            color: false,
            quiet: false,
            progress: false,
        }
    }

    /// A line of the result.
    pub fn line(&self, text: impl Display) -> Result<(), CommandError> {
        self.write_out(format_args!("{text}\n"))
    }

    /// A part of the result as it is, without a line end.
    pub fn text(&self, text: impl Display) -> Result<(), CommandError> {
        self.write_out(format_args!("{text}"))
    }

    /// Bytes of the result.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = lock(&self.out);
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// The result as pretty JSON.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
        self.line(escaped(&text))
    }

    /// A note beside the result, on standard error.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            self.write_note(format_args!("{text}\n"));
        }
    }

    /// A note that even `--quiet` shows.
    pub fn warn(&self, text: impl Display) {
        self.write_note(format_args!("warning: {text}\n"));
    }

    /// An error with its causes, in one line.
    pub fn error(&self, error: &CommandError) {
        self.write_note(format_args!("error: {}\n", printable(&error.chain())));
    }

    /// A bar (`length` known) or a spinner on standard error; hidden off a terminal. It clears
    /// itself when it is dropped or finished.
    pub fn progress(&self, length: Option<u64>, label: impl Into<String>) -> ProgressBar {
        let bar = match length {
            Some(length) => ProgressBar::new(length),
            None => ProgressBar::new_spinner(),
        };
        bar.set_draw_target(if self.progress {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        });
        let template = match length {
            Some(_) => "{msg} [{bar:30}] {human_pos}/{human_len} {elapsed}",
            None => "{spinner} {msg} {elapsed}",
        };
        // A template that does not parse falls back to the crate's own style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(label.into());
        if self.progress {
            bar.enable_steady_tick(Duration::from_millis(125));
        }
        bar
    }

    /// Whether progress is drawn.
    pub const fn shows_progress(&self) -> bool {
        self.progress
    }

    /// `text` in the colour of `style`, if there is colour.
    pub fn styled(&self, style: Style, text: impl Display) -> String {
        let code = match style {
            Style::Heading => "1",
            Style::Good => "32",
            Style::Bad => "31",
            Style::Warning => "33",
            Style::Dim => "2",
        };
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    fn write_out(&self, text: std::fmt::Arguments<'_>) -> Result<(), CommandError> {
        let mut out = lock(&self.out);
        out.write_fmt(text)?;
        out.flush()?;
        Ok(())
    }

    fn write_note(&self, text: std::fmt::Arguments<'_>) {
        // Nobody can be told that standard error is gone.
        let _unwritable = lock(&self.notes).write_fmt(text);
    }
}

fn lock(sink: &Sink) -> std::sync::MutexGuard<'_, Box<dyn Write + Send>> {
    sink.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// `text` with every control character shown as an escape, so that a log line cannot move the
/// cursor, colour the screen, reorder the text (bidirectional controls) or break a table.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push(' '),
            _ if is_obeyed(character) => {
                // Writing into a String cannot fail.
                let _infallible = write!(shown, "{}", character.escape_unicode());
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Whether a terminal does something with a character instead of showing it.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// JSON with what a terminal would obey as JSON's own escapes: it reads back to the same. Such
/// characters stand within strings alone, but for the line breaks between lines.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_obeyed(character) && character != '\n' {
            // Writing into a String cannot fail.
            let _infallible = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\n\tc\u{202e}"),
            "a\\u{1b}[2Jb\\u{d}\\u{a} c\\u{202e}"
        );
        assert_eq!(printable("grün – 例"), "grün – 例");
    }
}
