//! Hashes.

use super::Members;
use super::args::{at, bytes};
use super::declare::Declared::{self, Method, New, Property, Settable, Static};
use ps_value::Value;
use ps_value::error::R;
use ps_value::net::Net;
use ps_value::types::NetType;

pub(super) const MEMBERS: Members = &[
    (NetType::HashAlgorithm, HASH),
    (NetType::MD5, &[Static("object Create()", |_, _| made("MD5"))]),
    (NetType::SHA1, &[Static("object Create()", |_, _| made("SHA1"))]),
    (NetType::SHA256, &[Static("object Create()", |_, _| made("SHA256"))]),
    (NetType::SHA384, &[Static("object Create()", |_, _| made("SHA384"))]),
    (NetType::SHA512, &[Static("object Create()", |_, _| made("SHA512"))]),
    (NetType::MD5CryptoServiceProvider, &[New("MD5()", |_, _| made("MD5"))]),
    (NetType::SHA1Managed, &[New("SHA1()", |_, _| made("SHA1"))]),
    (NetType::SHA256Managed, &[New("SHA256()", |_, _| made("SHA256"))]),
    (NetType::SHA512Managed, &[New("SHA512()", |_, _| made("SHA512"))]),
    (
        NetType::HMACMD5,
        &[New("HMAC()", |_, _| made("HMACMD5")), New("HMAC(byte[] key)", |_, a| keyed("HMACMD5", a))],
    ),
    (
        NetType::HMACSHA1,
        &[New("HMAC()", |_, _| made("HMACSHA1")), New("HMAC(byte[] key)", |_, a| keyed("HMACSHA1", a))],
    ),
    (
        NetType::HMACSHA256,
        &[New("HMAC()", |_, _| made("HMACSHA256")), New("HMAC(byte[] key)", |_, a| keyed("HMACSHA256", a))],
    ),
    (
        NetType::HMACSHA512,
        &[New("HMAC()", |_, _| made("HMACSHA512")), New("HMAC(byte[] key)", |_, a| keyed("HMACSHA512", a))],
    ),
    (NetType::RNGCryptoServiceProvider, RANDOM),
    (NetType::RandomNumberGenerator, &[Static("object Create()", |_, _| Ok(Value::net(Net::Generator)))]),
];

fn made(name: &'static str) -> R<Value> {
    Ok(Value::net(Net::Hasher(name, Vec::new().into())))
}

fn keyed(name: &'static str, args: &[Value]) -> R<Value> {
    Ok(Value::net(Net::Hasher(name, bytes(&at(args, 0)).into())))
}

fn hmac<M: hmac::Mac + hmac::digest::KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    match <M as hmac::digest::KeyInit>::new_from_slice(key) {
        Ok(mut mac) => {
            hmac::Mac::update(&mut mac, data);
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

/// Returns the digest of bytes by the algorithm's .NET name.
pub fn digest(name: &str, key: &[u8], data: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    match name.to_ascii_uppercase().as_str() {
        "MD5" => md5::Md5::digest(data).to_vec(),
        "SHA1" => sha1::Sha1::digest(data).to_vec(),
        "SHA384" => sha2::Sha384::digest(data).to_vec(),
        "SHA512" => sha2::Sha512::digest(data).to_vec(),
        "HMACMD5" => hmac::<hmac::Hmac<md5::Md5>>(key, data),
        "HMACSHA1" => hmac::<hmac::Hmac<sha1::Sha1>>(key, data),
        "HMACSHA256" => hmac::<hmac::Hmac<sha2::Sha256>>(key, data),
        "HMACSHA512" => hmac::<hmac::Hmac<sha2::Sha512>>(key, data),
        _ => sha2::Sha256::digest(data).to_vec(),
    }
}

const HASH: &[Declared] = &[
    Static("object Create(string hashName)", |_, a| {
        made(
            match ps_value::text(&at(a, 0))
                .to_ascii_uppercase()
                .trim_start_matches("SYSTEM.SECURITY.CRYPTOGRAPHY.")
            {
                "MD5" => "MD5",
                "SHA1" | "SHA" => "SHA1",
                "SHA384" => "SHA384",
                "SHA512" => "SHA512",
                _ => "SHA256",
            },
        )
    }),
    Settable(
        "byte[] Key",
        |_, t, _| {
            Ok(match t {
                Value::Net(net) => match &**net {
                    Net::Hasher(_, key) => Value::bytes(&key.borrow()),
                    _ => Value::Null,
                },
                _ => Value::Null,
            })
        },
        |_, t, a| {
            if let Value::Net(net) = t
                && let Net::Hasher(_, key) = &**net
            {
                *key.borrow_mut() = bytes(&at(a, 0));
            }
            Ok(Value::Void)
        },
    ),
    Property("int HashSize", |_, t, _| {
        Ok(match t {
            Value::Net(net) => match &**net {
                Net::Hasher(name, key) => Value::from(digest(name, &key.borrow(), &[]).len() * 8),
                _ => Value::Null,
            },
            _ => Value::Null,
        })
    }),
    Method("byte[] ComputeHash(object buffer)", |_, t, a| {
        Ok(match t {
            Value::Net(net) => match &**net {
                Net::Hasher(name, key) => {
                    let data = match at(a, 0).base() {
                        Value::Net(net) => match &**net {
                            Net::Stream(stream) => stream.borrow().bytes.clone(),
                            _ => Vec::new(),
                        },
                        other => bytes(other),
                    };
                    Value::bytes(&digest(name, &key.borrow(), &data))
                }
                _ => Value::Null,
            },
            _ => Value::Null,
        })
    }),
];

const RANDOM: &[Declared] = &[
    New("RNGCryptoServiceProvider()", |_, _| Ok(Value::net(Net::Generator))),
    Method("void GetBytes(byte[] data)", |it, _, a| {
        if let Value::Array(array) = at(a, 0).base() {
            for place in array.items.borrow_mut().iter_mut() {
                *place = Value::Byte(it.host.random() as u8);
            }
        }
        Ok(Value::Void)
    }),
];
