//! Rows of numbers, each kept once, in little memory: pairs of numbers get a number, pairs of these again, up to one
//! for the whole row. Rows that are alike share what is alike.

use foldhash::fast::FixedState;
use indexmap::IndexSet;

/// A table of rows of the same length, numbered in the order in which they came.
#[derive(Debug)]
pub struct Rows {
    /// The tables of pairs, from the numbers of a row up to the one for whole rows.
    levels: Vec<Vec<IndexSet<(u32, u32), FixedState>>>,
    width: usize,
}

impl Rows {
    /// For rows of `width` numbers, at least 2.
    #[must_use]
    pub fn new(width: usize) -> Self {
        let mut levels = Vec::new();
        let mut rest = width;
        while rest > 1 {
            levels.push(vec![IndexSet::default(); rest / 2]);
            rest = rest.div_ceil(2);
        }
        Self { levels, width }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.levels.last().map_or(0, |tables| tables[0].len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a row, and whether it is new. `row` is overwritten.
    ///
    /// # Panics
    ///
    /// If there are more than 2^32 of anything.
    pub fn insert(&mut self, row: &mut [u32]) -> (u32, bool) {
        debug_assert_eq!(row.len(), self.width);
        let mut is_new = false;
        let mut rest = row.len();
        for tables in &mut self.levels {
            for (at, table) in tables.iter_mut().enumerate() {
                let (index, new) = table.insert_full((row[2 * at], row[2 * at + 1]));
                row[at] = u32::try_from(index).expect("fewer than 2^32");
                is_new = new;
            }
            if rest % 2 == 1 {
                row[rest / 2] = row[rest - 1];
            }
            rest = rest.div_ceil(2);
        }
        (row[0], is_new)
    }

    /// Writes the row of this number to `row`.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn read(&self, number: u32, row: &mut [u32]) {
        row[0] = number;
        for (level, tables) in self.levels.iter().enumerate().rev() {
            let width = self.width.div_ceil(1 << level);
            if width % 2 == 1 {
                row[width - 1] = row[width / 2];
            }
            for (at, table) in tables.iter().enumerate().rev() {
                let &(left, right) = table.get_index(row[at] as usize).expect("it was inserted");
                (row[2 * at], row[2 * at + 1]) = (left, right);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_width_come_back_as_they_were() {
        for width in 2..=12 {
            let mut rows = Rows::new(width);
            let row = |number: u32| -> Vec<u32> {
                (0..width as u32).map(|at| number / (at + 1) + at).collect()
            };
            for number in 0..100 {
                assert_eq!(rows.insert(&mut row(number)), (number, true));
            }
            for number in 0..100 {
                assert_eq!(rows.insert(&mut row(number)), (number, false));
                let mut read = vec![0; width];
                rows.read(number, &mut read);
                assert_eq!(read, row(number), "width {width}");
            }
            assert_eq!(rows.len(), 100);
        }
    }
}
