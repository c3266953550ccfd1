//! Arithmetic that never wraps.

use super::ast::{Arith, Unary};
use super::op::{Budget, expected};
use super::{EvalError, Problem};
use crate::message::Value;

/// `operator value`
///
/// # Errors
/// If the operator does not take the value, or the result does not fit 128 bits.
pub fn unary(operator: Unary, value: &Value) -> Result<Value, EvalError> {
    match (operator, value) {
        (Unary::Invert, Value::Int(n)) => Ok(Value::Int(!n)),
        (Unary::Invert, other) => Err(expected("an integer", other)),
        (Unary::Negate, Value::Int(n)) => n.checked_neg().map(Value::Int).ok_or_else(overflow),
        (Unary::Negate, Value::Float(x)) => Ok(Value::Float(-x)),
        (Unary::Plus, Value::Int(_) | Value::Float(_)) => Ok(value.clone()),
        (Unary::Negate | Unary::Plus, other) => Err(expected("a number", other)),
    }
}

/// `left operator right`
///
/// # Errors
/// If the operator does not take the values, or the result does not fit.
pub fn binary(
    op: Arith,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => integers(op, *a, *b).map(Value::Int),
        (Value::Int(a), Value::Float(b)) if op.takes_floats() => floats(op, *a as f64, *b),
        (Value::Float(a), Value::Int(b)) if op.takes_floats() => floats(op, *a, *b as f64),
        (Value::Float(a), Value::Float(b)) if op.takes_floats() => floats(op, *a, *b),
        (Value::Str(a), Value::Str(b)) if op == Arith::Add => {
            join(a, b, budget).map(|text| Value::Str(text.into()))
        }
        (Value::Str(_), other) if op == Arith::Add => Err(expected("text to join to text", other)),
        (Value::Int(_), other) | (other, _) if !op.takes_floats() => {
            Err(expected("an integer", other))
        }
        (Value::Int(_) | Value::Float(_), other) | (other, _) => Err(expected("a number", other)),
    }
}

fn overflow() -> EvalError {
    EvalError::new(Problem::Overflow, "the result does not fit 128 bits")
}

fn divided_by_zero() -> EvalError {
    EvalError::new(Problem::DivisionByZero, "division by zero")
}

fn integers(op: Arith, a: i128, b: i128) -> Result<i128, EvalError> {
    match op {
        Arith::Add => a.checked_add(b).ok_or_else(overflow),
        Arith::Sub => a.checked_sub(b).ok_or_else(overflow),
        Arith::Mul => a.checked_mul(b).ok_or_else(overflow),
        Arith::Div => floor_division(a, b).map(|(quotient, _)| quotient),
        Arith::Rem => floor_division(a, b).map(|(_, remainder)| remainder),
        Arith::BitOr => Ok(a | b),
        Arith::BitXor => Ok(a ^ b),
        Arith::BitAnd => Ok(a & b),
        Arith::Shl => {
            let by = distance(b)?;
            let shifted = a.checked_shl(by).filter(|shifted| shifted >> by == a);
            shifted.ok_or_else(overflow)
        }
        Arith::Shr => distance(b).map(|by| a >> by),
    }
}

/// Kaitai divides towards negative infinity, and the remainder has the divisor's sign.
fn floor_division(a: i128, b: i128) -> Result<(i128, i128), EvalError> {
    if b == 0 {
        return Err(divided_by_zero());
    }
    let (quotient, remainder) = (
        a.checked_div(b).ok_or_else(overflow)?,
        a.checked_rem(b).ok_or_else(overflow)?,
    );
    if remainder != 0 && (remainder < 0) != (b < 0) {
        return Ok((quotient - 1, remainder + b));
    }
    Ok((quotient, remainder))
}

fn distance(by: i128) -> Result<u32, EvalError> {
    let by = u32::try_from(by).ok().filter(|by| *by < i128::BITS);
    by.ok_or_else(|| EvalError::new(Problem::OutOfRange, "a shift goes by 0 to 127 bits"))
}

fn floats(op: Arith, a: f64, b: f64) -> Result<Value, EvalError> {
    let x = match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Div | Arith::Rem if b == 0.0 => return Err(divided_by_zero()),
        Arith::Div => a / b,
        Arith::Rem => a - b * (a / b).floor(),
        Arith::BitOr | Arith::BitXor | Arith::BitAnd | Arith::Shl | Arith::Shr => {
            return Err(EvalError::new(
                Problem::WrongType,
                "an integer is needed, not a float",
            ));
        }
    };
    if x.is_finite() {
        return Ok(Value::Float(x));
    }
    Err(EvalError::new(
        Problem::Overflow,
        "the result is not a finite number",
    ))
}

fn join(a: &str, b: &str, budget: &mut Budget) -> Result<String, EvalError> {
    budget.charge(a.len() + b.len())?;
    let mut text = String::with_capacity(a.len() + b.len());
    text.push_str(a);
    text.push_str(b);
    Ok(text)
}
