//! Faults as commands of GitHub's workflows: one line each, which the run shows beside the file.

use std::fmt::Write;

use crate::policy::fault::Fault;
use crate::policy::node::Source;
use crate::policy::render::end;

/// One command a line.
pub fn render(faults: &[Fault], sources: &[Source]) -> String {
    let mut out = String::new();
    for fault in faults {
        let end = end(fault, sources);
        let column = if end.line == fault.line { format!(",endColumn={}", end.column) } else { String::new() };
        let help = fault.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
        // Writing into a string cannot fail.
        let _ = writeln!(
            out,
            "::{} file={},line={},col={},endLine={}{column},title={}::{}",
            fault.severity.word(),
            property(&fault.file),
            fault.line,
            fault.column,
            end.line,
            property(fault.code),
            data(&format!("{}{help}", fault.message)),
        );
    }
    out
}

/// A message: what would end the line is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: what would end it, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fault::Faults;
    use crate::policy::node::Spot;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let text = "名: [x,\n  fone]\n";
        let start = text.find("fone").expect("it stands there");
        let spot = Spot { file: "a,b:c%.yaml".into(), span: start..start + 4, line: 2, column: 3 };
        let mut faults = Faults::new();
        faults.error(&spot, "unknown-kind", "100% of `a\r\n::error::` is no kind").help("did you mean `phone`?");
        faults.warning(&Spot { span: 5..start + 4, line: 1, column: 4, ..spot }, "x", "two lines");
        let sources = [Source { name: "a,b:c%.yaml".into(), text: text.into() }];
        let told = render(&faults.into_sorted(), &sources);
        assert_eq!(
            told,
            "::warning file=a%2Cb%3Ac%25.yaml,line=1,col=4,endLine=2,title=x::two lines\n\
             ::error file=a%2Cb%3Ac%25.yaml,line=2,col=3,endLine=2,endColumn=7,title=unknown-kind::\
             100%25 of `a%0D%0A::error::` is no kind%0Adid you mean `phone`?\n"
        );
    }
}
