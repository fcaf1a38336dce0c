//! What a tree means, or why it means nothing here.

use crate::expr::Expr;
use crate::functions::{Cast, FUNCTIONS, LEFT_OUT};
use crate::grammar::{Node, Raw, Wrong};

/// The expression of a tree.
pub(crate) fn expression(node: Node) -> Result<Expr, Wrong> {
    let mut left = MOST_PARTS;
    check(node, &mut left)
}

fn check(node: Node, left: &mut usize) -> Result<Expr, Wrong> {
    let Node { span, raw } = node;
    let wrong = |message: String| Wrong { span: span.clone(), message };
    *left =
        left.checked_sub(1).ok_or_else(|| wrong(format!("an expression has at most {MOST_PARTS} parts")))?;
    let mut boxed = |node: Box<Node>| check(*node, left).map(Box::new);
    Ok(match raw {
        Raw::Literal(value) => Expr::Literal(value),
        Raw::Star => Expr::Star,
        Raw::Path(keys) => Expr::Path(keys),
        Raw::Not(operand) => Expr::Not(boxed(operand)?),
        Raw::Minus(operand) => Expr::Minus(boxed(operand)?),
        Raw::Binary(op, l, r) => Expr::Binary(op, boxed(l)?, boxed(r)?),
        Raw::Case(operand, arms, otherwise) => {
            let operand = operand.map(&mut boxed).transpose()?;
            let otherwise = otherwise.map(&mut boxed).transpose()?;
            let arms = arms.into_iter().map(|(when, then)| Ok((check(when, left)?, check(then, left)?)));
            Expr::Case(operand, arms.collect::<Result<_, Wrong>>()?, otherwise)
        }
        Raw::Call(name, mut arguments) if name.eq_ignore_ascii_case("cast") => {
            let usage = || wrong("cast is written `cast(value AS type)`".to_owned());
            let (Some((operand, Some(to))), true) = (arguments.pop(), arguments.is_empty()) else {
                return Err(usage());
            };
            let unknown = || wrong(format!("cast makes String, Int, Decimal or Boolean, and not `{to}`"));
            Expr::Cast(Box::new(check(operand, left)?), Cast::named(&to).ok_or_else(unknown)?)
        }
        Raw::Call(name, arguments) => {
            let known = FUNCTIONS.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
            let Some((_, least, most, function)) = known else {
                return Err(wrong(unknown(&name)));
            };
            if arguments.iter().any(|(_, name)| name.is_some()) {
                return Err(wrong("only cast has AS among its arguments".to_owned()));
            }
            if !(*least..=*most).contains(&arguments.len()) {
                return Err(wrong(format!("`{name}` takes {}", count(*least, *most))));
            }
            let arguments = arguments.into_iter().map(|(argument, _)| check(argument, left));
            Expr::Call(*function, arguments.collect::<Result<_, _>>()?)
        }
    })
}

fn unknown(name: &str) -> String {
    if LEFT_OUT.iter().any(|left_out| name.eq_ignore_ascii_case(left_out)) {
        return format!("`{name}` of AWS IoT Core is not supported here");
    }
    let known: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
    format!("there is no function `{name}`; there are {} and cast", known.join(", "))
}

fn count(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} or {most} arguments"),
    }
}

/// How large an expression may be.
const MOST_PARTS: usize = 256;
