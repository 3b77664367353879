//! Tables on a terminal.

/// Rows of cells; each column is as wide as its widest cell.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(|cell| (*cell).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row. Control characters are escaped, so that a file name cannot control the terminal.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the table as text without a final line break, and empties it.
    pub fn take(&mut self) -> String {
        let rows = std::mem::take(&mut self.rows);
        let width = |column: usize| {
            let cells = rows.iter().chain([&self.head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let lines: Vec<String> = [&self.head].into_iter().chain(&rows).map(line).collect();
        lines.join("\n")
    }
}

/// Escapes control characters.
pub(super) fn printable(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect::<String>(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_names_cannot_control_the_terminal() {
        let mut table = Table::new(&["id", "verdict"]);
        table.row(["käse".into(), "allow".into()]);
        table.row(["a\u{1b}[2J".into(), "block".into()]);
        let text = table.take();
        let expected = "id          verdict\nkäse        allow\na\\u{1b}[2J  block";
        assert_eq!(text, expected);
        assert_eq!(table.rows(), 0);
    }
}
