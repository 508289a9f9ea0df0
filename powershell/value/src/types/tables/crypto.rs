//! Hashes and random numbers.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::HashAlgorithm, "System.Security.Cryptography.HashAlgorithm"),
    TypeInfo::class(N::MD5, "System.Security.Cryptography.MD5").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA1, "System.Security.Cryptography.SHA1").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA256, "System.Security.Cryptography.SHA256").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA384, "System.Security.Cryptography.SHA384").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA512, "System.Security.Cryptography.SHA512").extends(N::HashAlgorithm),
    TypeInfo::class(N::MD5CryptoServiceProvider, "System.Security.Cryptography.MD5CryptoServiceProvider")
        .extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA1Managed, "System.Security.Cryptography.SHA1Managed").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA256Managed, "System.Security.Cryptography.SHA256Managed").extends(N::HashAlgorithm),
    TypeInfo::class(N::SHA512Managed, "System.Security.Cryptography.SHA512Managed").extends(N::HashAlgorithm),
    TypeInfo::class(N::HMACMD5, "System.Security.Cryptography.HMACMD5").extends(N::HashAlgorithm),
    TypeInfo::class(N::HMACSHA1, "System.Security.Cryptography.HMACSHA1").extends(N::HashAlgorithm),
    TypeInfo::class(N::HMACSHA256, "System.Security.Cryptography.HMACSHA256").extends(N::HashAlgorithm),
    TypeInfo::class(N::HMACSHA512, "System.Security.Cryptography.HMACSHA512").extends(N::HashAlgorithm),
    TypeInfo::class(N::RNGCryptoServiceProvider, "System.Security.Cryptography.RNGCryptoServiceProvider"),
    TypeInfo::class(N::RandomNumberGenerator, "System.Security.Cryptography.RandomNumberGenerator"),
];
