//! How a replay's changes are told: to people, and to programs.

use std::io::{self, Write};

use serde_json::json;

use crate::cli::grid::Grid;
use crate::cli::replay::Replay;
use crate::cli::replay::changes::{Change, Counted, Row};
use crate::cli::say::{Lang, texts};

impl Replay<'_> {
    pub(super) fn text(&self, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
        let told = &self.told;
        let headings = [
            texts::CHANGE,
            texts::KIND,
            texts::RESOURCE_HEADING,
            texts::ROLE_HEADING,
            texts::BEFORE,
            texts::AFTER,
            texts::COUNT,
            texts::EXAMPLE,
        ];
        let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
        for (row, Counted { count, entry, line }) in &told.changes.rows {
            let change = match row.change {
                Change::Shown => texts::SHOWN_MORE,
                Change::Hidden => texts::HIDDEN_MORE,
                Change::Refused => texts::REFUSED_NEWLY,
                Change::Passed => texts::REFUSED_NO_MORE,
            };
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            grid.row(vec![
                change.of(lang).to_owned(),
                row.kind.clone().unwrap_or_else(|| "-".to_owned()),
                row.resource.clone(),
                row.role.to_string(),
                row.before.clone(),
                row.after.clone(),
                count.to_string(),
                format!("{}{line}", texts::ENTRY.with(lang, &[("n", entry)])),
            ]);
        }
        if !grid.is_empty() {
            grid.write(out)?;
            writeln!(out)?;
        }
        let count = |change| told.changes.count(change);
        let (shown, hidden) = (count(Change::Shown), count(Change::Hidden));
        let (refused, passed, roles) = (count(Change::Refused), count(Change::Passed), self.askers.len());
        let words: [(&str, &dyn std::fmt::Display); 6] = [
            ("entries", &told.entries),
            ("roles", &roles),
            ("shown", &shown),
            ("hidden", &hidden),
            ("refused", &refused),
            ("passed", &passed),
        ];
        writeln!(out, "{}", texts::REPLAYED.with(lang, &words))?;
        if told.skipped > 0 {
            writeln!(out, "{}", texts::SKIPPED.with(lang, &[("n", &told.skipped)]))?;
        }
        if told.refused_by_both > 0 {
            writeln!(out, "{}", texts::REFUSED_BY_BOTH.with(lang, &[("n", &told.refused_by_both)]))?;
        }
        Ok(())
    }

    pub(super) fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let told = &self.told;
        let row = |(row, counted): (&Row, &Counted)| {
            json!({
                "change": row.change.word(), "kind": row.kind, "resource": row.resource, "role": &*row.role,
                "before": row.before, "after": row.after, "count": counted.count,
                "first": { "entry": counted.entry, "line": counted.line },
            })
        };
        let count = |change| told.changes.count(change);
        let json = json!({
            "old": &**self.old.version(), "new": &**self.new.version(),
            "roles": self.askers.iter().map(|asker| &*asker.name).collect::<Vec<_>>(),
            "entries": told.entries, "without_body": told.skipped,
            "shown": count(Change::Shown), "hidden": count(Change::Hidden),
            "refused": count(Change::Refused), "no_longer_refused": count(Change::Passed), "refused_by_both": told.refused_by_both,
            "changes": told.changes.rows.iter().map(row).collect::<Vec<_>>(),
        });
        writeln!(out, "{json}")
    }
}
