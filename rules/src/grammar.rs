//! The grammar: text to a tree that remembers where everything stood. What the tree means is looked at in
//! [`check`](crate::check).

use serde_json::{Number, Value};
use winnow::ascii::{Caseless, digit1, multispace0};
use winnow::combinator::{
    Infix, Prefix, alt, cut_err, delimited, eof, expression, fail, not, opt, peek, preceded, repeat,
    separated, terminated,
};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Stateful};
use winnow::token::{one_of, take_while};

use crate::expr::{Op, Span};

/// A part of the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) raw: Raw,
}

#[derive(Clone, Debug)]
pub(crate) enum Raw {
    Literal(Value),
    Star,
    Path(Vec<String>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Binary(Op, Box<Node>, Box<Node>),
    /// A function's name, and its arguments with the word after `AS`.
    Call(String, Vec<(Node, Option<String>)>),
    Case(Option<Box<Node>>, Vec<(Node, Node)>, Option<Box<Node>>),
}

/// `SELECT … FROM … [WHERE …]` as it stands there.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) what: What,
    pub(crate) from: (String, Span),
    pub(crate) only: Option<Node>,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// `VALUE expr`.
    Value(Node),
    /// A list, each with the name after `AS`.
    Items(Vec<(Node, Option<String>)>),
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// How deep parentheses are at the moment.
#[derive(Clone, Copy, Debug, Default)]
struct Depth(usize);

type Input<'i> = Stateful<LocatingSlice<&'i str>, Depth>;
type Fault = ErrMode<ContextError>;
type Parsed<T> = Result<T, Fault>;

/// Reads a whole statement.
pub(crate) fn statement(text: &str) -> Result<Select, Wrong> {
    whole(text, select)
}

/// Reads text with `${expr}` in it: the parts in their order.
pub(crate) fn template(text: &str) -> Result<Vec<Part>, Wrong> {
    whole(text, repeat(0.., part))
}

/// A part of a substitution template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Expr(Node),
}

fn whole<'i, T>(text: &'i str, parser: impl Parser<Input<'i>, T, Fault>) -> Result<T, Wrong> {
    if text.len() > LONGEST {
        let message = format!("this is longer than {LONGEST} bytes");
        return Err(Wrong { span: LONGEST..LONGEST + 1, message });
    }
    let input = Stateful { input: LocatingSlice::new(text), state: Depth::default() };
    terminated(parser, expected(eof, "the end of the text")).parse(input).map_err(|error| {
        let at = error.offset();
        let end = text[at..].char_indices().nth(1).map_or(text.len(), |(next, _)| at + next);
        let contexts: Vec<_> = error.inner().context().collect();
        let label = contexts.iter().find_map(|context| match context {
            StrContext::Label(label) => Some((*label).to_owned()),
            _ => None,
        });
        let wanted = contexts.iter().find_map(|context| match context {
            StrContext::Expected(StrContextValue::Description(what)) => Some(*what),
            _ => None,
        });
        let found = || if at == text.len() { "the text ends here" } else { "this is not understood" };
        let message = label
            .unwrap_or_else(|| wanted.map_or_else(|| found().to_owned(), |what| format!("expected {what}")));
        Wrong { span: at..end.max(at), message }
    })
}

fn expected<'i, T>(
    parser: impl Parser<Input<'i>, T, Fault>,
    what: &'static str,
) -> impl Parser<Input<'i>, T, Fault> {
    cut_err(parser).context(StrContext::Expected(StrContextValue::Description(what)))
}

fn select(i: &mut Input<'_>) -> Parsed<Select> {
    multispace0.parse_next(i)?;
    expected(keyword("select"), "SELECT").parse_next(i)?;
    let what = alt((
        preceded(keyword("value"), expr).map(What::Value),
        separated(1.., item, symbol(",")).map(What::Items),
    ));
    let what = expected(what, "`*`, VALUE, or what to select").parse_next(i)?;
    expected(keyword("from"), "FROM with a topic filter, or an operator").parse_next(i)?;
    let from = expected(string.with_span(), "a topic filter in single quotes").parse_next(i)?;
    multispace0.parse_next(i)?;
    let only = opt(preceded(keyword("where"), expected(expr, "a condition"))).parse_next(i)?;
    Ok(Select { what, from, only })
}

/// An expression, and its name after `AS`.
fn item(i: &mut Input<'_>) -> Parsed<(Node, Option<String>)> {
    let node = expr.parse_next(i)?;
    let name =
        opt(preceded(keyword("as"), expected(word, "a name of letters, digits and _"))).parse_next(i)?;
    Ok((node, name.map(str::to_owned)))
}

fn part(i: &mut Input<'_>) -> Parsed<Part> {
    let open = preceded("${", multispace0);
    let inside = delimited(open, expected(expr, "an expression"), expected("}", "`}` or an operator"));
    let text = alt((take_while(1.., |c| c != '$'), terminated("$", not("{"))));
    alt((inside.map(Part::Expr), text.map(|text: &str| Part::Text(text.to_owned())))).parse_next(i)
}

/// An expression, with the space after it.
fn expr(i: &mut Input<'_>) -> Parsed<Node> {
    i.state.0 += 1;
    if i.state.0 > DEEPEST {
        let too_deep = cut_err(fail).context(StrContext::Label("this is nested too deeply"));
        return Parser::<_, Node, Fault>::parse_next(&mut { too_deep }, i);
    }
    let node = expression(operand).prefix(prefix).infix(infix).parse_next(i);
    i.state.0 -= 1;
    node
}

fn prefix<'i>(i: &mut Input<'i>) -> Parsed<Prefix<Input<'i>, Node, Fault>> {
    let minus =
        |_: &mut Input<'i>, node: Node| Ok(Node { span: node.span.clone(), raw: Raw::Minus(Box::new(node)) });
    let not =
        |_: &mut Input<'i>, node: Node| Ok(Node { span: node.span.clone(), raw: Raw::Not(Box::new(node)) });
    alt((symbol("-").map(move |_| Prefix(MINUS, minus)), keyword("not").map(move |_| Prefix(NOT, not))))
        .parse_next(i)
}

/// An operator between two operands: its text, how strongly it binds, and how it joins them.
macro_rules! operator {
    ($text:expr, $power:ident, $op:ident) => {
        $text.map(|_| Infix::Left($power, |_: &mut Input<'i>, l, r| joined(Op::$op, l, r)))
    };
}

fn infix<'i>(i: &mut Input<'i>) -> Parsed<Infix<Input<'i>, Node, Fault>> {
    no_comment(i)?;
    let words = alt((operator!(keyword("or"), OR, Or), operator!(keyword("and"), AND, And)));
    // The longer ones before those they begin with.
    let comparisons = alt((
        operator!(symbol("<>"), COMPARE, Unequal),
        operator!(symbol("<="), COMPARE, LessOrEqual),
        operator!(symbol(">="), COMPARE, GreaterOrEqual),
        operator!(symbol("<"), COMPARE, Less),
        operator!(symbol(">"), COMPARE, Greater),
        operator!(symbol("="), COMPARE, Equal),
    ));
    let arithmetic = alt((
        operator!(symbol("+"), SUM, Add),
        operator!(symbol("-"), SUM, Subtract),
        operator!(symbol("*"), PRODUCT, Multiply),
        operator!(symbol("/"), PRODUCT, Divide),
        operator!(symbol("%"), PRODUCT, Remainder),
    ));
    alt((words, comparisons, arithmetic)).parse_next(i)
}

fn joined(op: Op, left: Node, right: Node) -> Parsed<Node> {
    let span = left.span.start..right.span.end;
    Ok(Node { span, raw: Raw::Binary(op, Box::new(left), Box::new(right)) })
}

fn operand(i: &mut Input<'_>) -> Parsed<Node> {
    no_comment(i)?;
    let raw = alt((
        string.map(|text| Raw::Literal(Value::String(text))),
        number.map(|number| Raw::Literal(Value::Number(number))),
        "*".value(Raw::Star),
        delimited(symbol("("), expr, expected(")", "`)` or an operator")).map(|node: Node| node.raw),
        named,
    ));
    let what = StrContext::Expected(StrContextValue::Description("a value, a key, a function or `(`"));
    let (raw, span) = raw.with_span().context(what).parse_next(i)?;
    multispace0.parse_next(i)?;
    Ok(Node { span, raw })
}

/// Fails for good where a comment begins, which would be read as two operators.
fn no_comment(i: &mut Input<'_>) -> Parsed<()> {
    let comment = cut_err(not(alt(("--", "/*"))));
    comment.context(StrContext::Label("comments are not allowed in rules")).parse_next(i)
}

/// Whatever begins with a word.
fn named(i: &mut Input<'_>) -> Parsed<Raw> {
    let first = peek(bare_word).parse_next(i)?;
    if first.eq_ignore_ascii_case("case") {
        return case(i);
    }
    if first.eq_ignore_ascii_case("select") {
        let nested = cut_err(fail).context(StrContext::Label("a SELECT inside another one is not supported"));
        return Parser::<_, Raw, Fault>::parse_next(&mut { nested }, i);
    }
    if RESERVED.iter().any(|reserved| first.eq_ignore_ascii_case(reserved)) {
        return fail.parse_next(i);
    }
    bare_word.parse_next(i)?;
    let literal = match first.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => None,
    };
    if let Some(literal) = literal {
        return Ok(Raw::Literal(literal));
    }
    if opt(preceded(multispace0, symbol("("))).parse_next(i)?.is_some() {
        let arguments = separated(0.., item, symbol(","));
        let arguments = terminated(arguments, expected(")", "`,`, `)` or an operator")).parse_next(i)?;
        return Ok(Raw::Call(first.to_owned(), arguments));
    }
    let mut keys = vec![first.to_owned()];
    let more: Vec<&str> =
        repeat(0.., preceded(".", expected(bare_word, "a key after the dot"))).parse_next(i)?;
    keys.extend(more.into_iter().map(str::to_owned));
    Ok(Raw::Path(keys))
}

fn case(i: &mut Input<'_>) -> Parsed<Raw> {
    keyword("case").parse_next(i)?;
    let operand = opt(expr).parse_next(i)?;
    let when = preceded(keyword("when"), expected(expr, "what to compare with"));
    let then = preceded(expected(keyword("then"), "THEN or an operator"), expected(expr, "a value"));
    let arms = expected(repeat(1.., (when, then)), "WHEN").parse_next(i)?;
    let otherwise = opt(preceded(keyword("else"), expected(expr, "a value"))).parse_next(i)?;
    expected(terminated(Caseless("end"), not(word_char)), "WHEN, ELSE or END").parse_next(i)?;
    Ok(Raw::Case(operand.map(Box::new), arms, otherwise.map(Box::new)))
}

/// Text in single quotes; two of them are one in the text.
fn string(i: &mut Input<'_>) -> Parsed<String> {
    let piece = alt((take_while(1.., |c| c != '\''), "''".value("'")));
    let body = repeat(0.., piece).fold(String::new, |mut text: String, piece: &str| {
        text.push_str(piece);
        text
    });
    delimited("'", body, expected("'", "a closing quote")).parse_next(i)
}

fn number(i: &mut Input<'_>) -> Parsed<Number> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1);
    let text = (digit1, opt((".", digit1)), opt(exponent)).take().parse_next(i)?;
    // As JSON reads it, without the zeros in front that JSON does not have.
    let plain = text.trim_start_matches('0');
    let plain =
        if plain.starts_with(|c: char| c.is_ascii_digit()) { plain.to_owned() } else { format!("0{plain}") };
    match serde_json::from_str(&plain) {
        Ok(number) => Ok(number),
        Err(_) => {
            let large = cut_err(fail).context(StrContext::Label("this number is too large"));
            Parser::<_, Number, Fault>::parse_next(&mut { large }, i)
        }
    }
}

fn word_char(i: &mut Input<'_>) -> Parsed<char> {
    one_of(|c: char| c.is_ascii_alphanumeric() || c == '_').parse_next(i)
}

fn bare_word<'i>(i: &mut Input<'i>) -> Parsed<&'i str> {
    (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '_'),
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_'),
    )
        .take()
        .parse_next(i)
}

/// A word and the space after it.
fn word<'i>(i: &mut Input<'i>) -> Parsed<&'i str> {
    terminated(bare_word, multispace0).parse_next(i)
}

fn keyword<'i>(name: &'static str) -> impl Parser<Input<'i>, &'i str, Fault> {
    terminated(Caseless(name), (not(word_char), multispace0))
}

fn symbol<'i>(text: &'static str) -> impl Parser<Input<'i>, &'i str, Fault> {
    terminated(text, multispace0)
}

/// Words that no key can be written as; `get(*, 'from')` reaches such keys.
const RESERVED: [&str; 12] =
    ["from", "where", "as", "and", "or", "not", "when", "then", "else", "end", "value", "set"];

// How strongly operators bind.
const OR: i64 = 1;
const AND: i64 = 2;
const NOT: i64 = 3;
const COMPARE: i64 = 4;
const SUM: i64 = 5;
const PRODUCT: i64 = 6;
const MINUS: i64 = 7;

/// The longest text, in bytes.
const LONGEST: usize = 8 * 1024;
/// How deep expressions may be nested.
const DEEPEST: usize = 32;
