//! Lines and columns of a file, by the parser's count of characters.

/// Turns the parser's character numbers into bytes, lines and columns, in no more than `STEP`
/// steps each, however long a line is.
pub struct Lines {
    /// The character with which each line begins.
    starts: Vec<usize>,
    /// The byte of every `STEP`th character.
    steps: Vec<usize>,
    /// Characters before the parser's first: the byte order mark.
    skipped: usize,
}

const STEP: usize = 128;

impl Lines {
    /// Counts a file's lines.
    pub fn new(text: &str) -> Lines {
        let bytes = text.as_bytes();
        let skipped = usize::from(text.starts_with('\u{feff}'));
        let mut lines = Lines { starts: vec![skipped], steps: Vec::new(), skipped };
        for (number, (at, c)) in text.char_indices().enumerate() {
            if number % STEP == 0 {
                lines.steps.push(at);
            }
            if c == '\n' || (c == '\r' && bytes.get(at + 1) != Some(&b'\n')) {
                lines.starts.push(number + 1);
            }
        }
        lines
    }

    /// How many characters of the file stand before the parser's first.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The byte of the parser's character.
    pub fn byte(&self, text: &str, character: usize) -> usize {
        let character = character + self.skipped;
        let Some(step) = self.steps.get(character / STEP) else { return text.len() };
        text[*step..].char_indices().nth(character % STEP).map_or(text.len(), |(at, _)| step + at)
    }

    /// Line and column of a character of the file.
    pub fn position(&self, character: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= character).max(1);
        (line, character.saturating_sub(self.starts[line - 1]) + 1)
    }
}
