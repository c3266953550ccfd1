//! Field diagrams as RFCs have them: 32 bits a row, what has no fixed size between slashes.

/// The bits of a row.
const ROW: u64 = 32;
/// The most rows that a field takes; a larger one is a row between slashes.
const MAX_ROWS: u64 = 2;

/// A field in its place.
#[derive(Debug)]
pub(super) enum Part<'n> {
    Fixed { name: &'n str, bits: u64 },
    Open { name: &'n str, size: String },
}

/// Collects the rows.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    /// Finished lines, and the row that is being filled.
    lines: Vec<String>,
    row: String,
    /// The bits in that row.
    filled: u64,
}

fn border(bits: u64) -> String {
    let marks = usize::try_from(bits).unwrap_or_default();
    format!("+{}", "-+".repeat(marks))
}

fn centred(text: &str, width: usize) -> String {
    let text: String = text.chars().take(width).collect();
    format!("{text:^width$}")
}

fn width(bits: u64) -> usize {
    usize::try_from(bits.saturating_mul(2).saturating_sub(1)).unwrap_or_default()
}

impl Diagram {
    pub(super) fn add(&mut self, part: Part<'_>) {
        match part {
            Part::Fixed { name, bits } if bits <= ROW.saturating_mul(MAX_ROWS) => {
                self.fixed(name, bits);
            }
            Part::Fixed { name, bits } => {
                let size = format!("{} bytes", bits / 8);
                self.slashes(name, &size);
            }
            Part::Open { name, size } => self.slashes(name, &size),
        }
    }

    fn fixed(&mut self, name: &str, bits: u64) {
        let mut left = bits;
        let mut name = name;
        while left > 0 {
            let here = left.min(ROW.saturating_sub(self.filled));
            self.cell(name, here);
            left = left.saturating_sub(here);
            if self.filled == ROW {
                self.end_row();
                if here == ROW && left > 0 {
                    self.open_border();
                }
            }
            name = "";
        }
    }

    fn cell(&mut self, name: &str, bits: u64) {
        self.row.push('|');
        self.row.push_str(&centred(name, width(bits)));
        self.filled = self.filled.saturating_add(bits);
    }

    /// The border under a whole row whose field goes on in the next.
    fn open_border(&mut self) {
        self.lines.pop();
        self.lines.push(format!("+{}+", " ".repeat(width(ROW))));
    }

    fn end_row(&mut self) {
        if self.filled == 0 {
            return;
        }
        if self.lines.is_empty() {
            self.lines.push(border(self.filled));
        }
        let row = std::mem::take(&mut self.row);
        self.lines.push(format!("{row}|"));
        self.lines.push(border(self.filled));
        self.filled = 0;
    }

    /// A field of no fixed size. What comes behind it begins in a row of its own, wherever that is.
    fn slashes(&mut self, name: &str, size: &str) {
        self.end_row();
        if self.lines.is_empty() {
            self.lines.push(border(ROW));
        }
        let text = match size {
            "" => name.to_owned(),
            size => format!("{name} ({})", size.replace('`', "")),
        };
        self.lines.push(format!("/{}/", centred(&text, width(ROW))));
        self.lines.push(border(ROW));
    }

    /// All rows under a scale of bits.
    pub(super) fn finish(mut self) -> String {
        self.end_row();
        let tens = " 0                   1                   2                   3";
        let ones = " 0 1 2 3 4 5 6 7 8 9".repeat(3) + " 0 1";
        let mut text = format!("{tens}\n{ones}\n");
        for line in self.lines {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}
