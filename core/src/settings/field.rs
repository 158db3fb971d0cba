//! Between the typed fields of [`Settings`](super::Settings) and [`Value`]s.

use super::rule::Value;
use super::types::{
    AppendFsync, ChannelsDefault, ClientsMemory, KeyspaceEvents, LogLevel, MaxmemoryPolicy,
    OutputBufferLimits, ProtectedAction, SavePoint, Supervised, TlsAuthClients,
};
use alloc::string::String;
use alloc::vec::Vec;

/// A type that a field of `Settings` can have. The rule of a row gives only values that its field takes;
/// a test holds every row to that.
pub(super) trait Field: Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: Value) -> Option<Self>;
}

impl Field for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(on) => Some(on),
            _ => None,
        }
    }
}

macro_rules! number_fields {
    ($($type:ty)*) => { $(
        impl Field for $type {
            fn to_value(&self) -> Value {
                Value::Number(*self as i128)
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Number(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )* };
}
number_fields!(u16 u32 i32 u64 i64 usize);

macro_rules! word_fields {
    ($($type:ty)*) => { $(
        impl Field for $type {
            fn to_value(&self) -> Value {
                Value::Word(*self as usize)
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Word(index) => Self::from_index(index),
                    _ => None,
                }
            }
        }
    )* };
}
word_fields!(AppendFsync ChannelsDefault LogLevel MaxmemoryPolicy Supervised ProtectedAction TlsAuthClients);

macro_rules! plain_fields {
    ($($type:ty = $variant:ident,)*) => { $(
        impl Field for $type {
            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
        }
    )* };
}
plain_fields! {
    Vec<u8> = Bytes,
    Vec<String> = List,
    Vec<SavePoint> = Save,
    OutputBufferLimits = Limits,
    KeyspaceEvents = Events,
}

impl Field for String {
    fn to_value(&self) -> Value {
        Value::Bytes(self.as_bytes().to_vec())
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl Field for ClientsMemory {
    fn to_value(&self) -> Value {
        Value::Number(match *self {
            ClientsMemory::Bytes(bytes) => i128::from(bytes),
            ClientsMemory::Percent(percent) => -i128::from(percent),
        })
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) if number < 0 => {
                u8::try_from(-number).ok().map(ClientsMemory::Percent)
            }
            Value::Number(number) => u64::try_from(number).ok().map(ClientsMemory::Bytes),
            _ => None,
        }
    }
}
