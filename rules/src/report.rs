//! Faults with the text around them and a caret under them.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::expr::Span;
use crate::grammar::Wrong;

/// A fault in a text that stands alone.
pub(crate) fn text(source: &str, wrong: &Wrong) -> String {
    render(source, None, wrong.span.clone(), &wrong.message)
}

/// A fault in a file.
pub(crate) fn file(source: &str, name: &str, span: Span, message: &str) -> String {
    render(source, Some(name), span, message)
}

fn render(source: &str, name: Option<&str>, span: Span, message: &str) -> String {
    // The end of the text has a place too.
    let end = span.end.clamp(span.start, source.len());
    let span = span.start.min(source.len())..end;
    let snippet = Snippet::source(source).line_start(1);
    let snippet = match name {
        Some(name) => snippet.path(name),
        None => snippet,
    };
    let snippet = snippet.annotation(AnnotationKind::Primary.span(span));
    Renderer::plain().render(&[Level::ERROR.primary_title(message).element(snippet)]).to_string()
}
