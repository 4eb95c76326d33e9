//! Known answers. The expected numbers of tokens and MACs come from python's hashlib and hmac.

use std::format;
use std::vec;
use std::vec::Vec;

use super::*;

const A: Key = Key(0x0102_0304_0506_0708);
const B: Key = Key(0x1112_1314_1516_1718);
const NONCE_A: u32 = 0xaabb_ccdd;
const NONCE_B: u32 = 0x0102_0304;

fn hex(bytes: &[u8]) -> std::string::String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

// The messages "abc" and "" of FIPS 180-4's published examples: proves the linked hashes, soft rounds included.
#[test]
fn the_hashes_give_the_answers_of_fips_180() {
    assert_eq!(hex(&Sha1::digest(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(hex(&Sha1::digest(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_eq!(hex(&Sha256::digest(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hex(&Sha256::digest(b"")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_eq!(hex(&Sha1::digest(long)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_eq!(hex(&Sha256::digest(long)), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> std::string::String {
    let mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    hex(&mac.chain_update(message).finalize().into_bytes())
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> std::string::String {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hex(&mac.chain_update(message).finalize().into_bytes())
}

// RFC 2202, section 3, cases 1, 2, 3 and 6.
#[test]
fn hmac_sha1_gives_the_answers_of_rfc_2202() {
    assert_eq!(hmac_sha1(&[0x0b; 20], b"Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
    assert_eq!(hmac_sha1(b"Jefe", b"what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_eq!(hmac_sha1(&[0xaa; 20], &[0xdd; 50]), "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
    let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(hmac_sha1(&[0xaa; 80], message), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

// RFC 4231, section 4, cases 1, 2, 3 and 6.
#[test]
fn hmac_sha256_gives_the_answers_of_rfc_4231() {
    assert_eq!(
        hmac_sha256(&[0x0b; 20], b"Hi There"),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    assert_eq!(
        hmac_sha256(b"Jefe", b"what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(
        hmac_sha256(&[0xaa; 20], &[0xdd; 50]),
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    );
    let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(hmac_sha256(&[0xaa; 131], message), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// for k in KEYS: d = hashlib.sha256(k.to_bytes(8, 'big')).digest(); print(d[:4].hex(), d[-8:].hex())
// and the same with hashlib.sha1 for v0
#[test]
fn token_and_idsn_are_the_ends_of_the_digest() {
    let v1 = [
        (0, 0xaf55_70f5, 0xe5b2_328d_e0e8_3dfc),
        (1, 0xcd26_6215, 0x19ec_5090_83d0_0a50),
        (0x0123_4567_89ab_cdef, 0x55c5_3f5d, 0x5707_62cd_38be_9818),
        (0x8877_6655_4433_2211, 0x804d_562d, 0x2844_f958_dbd7_4c17),
        (u64::MAX, 0x12a3_ae44, 0x57fb_595b_bbac_f0ca),
    ];
    let v0 = [
        (0, 0x05fe_4057, 0xac55_8654_f107_c7e9),
        (1, 0xcb47_3678, 0x38f1_1011_007a_d27d),
        (0x0123_4567_89ab_cdef, 0x0ca2_eadb, 0xe3df_8ee1_21f1_0547),
        (0x8877_6655_4433_2211, 0xc3ba_a7a6, 0x19c3_1666_29dd_5af7),
        (u64::MAX, 0xbe67_3e8a, 0x8667_01c1_1ef8_e089),
    ];
    for (version, table) in [(Version::V1, v1), (Version::V0, v0)] {
        for (key, token, idsn) in table {
            let key = Key(key);
            let expected = KeyMaterial { key, token, idsn };
            assert_eq!(KeyMaterial::derive(version, key), expected);
        }
    }
}

// hmac.new(struct.pack('>QQ', a, b), struct.pack('>II', na, nb), 'sha256').hexdigest()
// with a=0x0102030405060708 b=0x1112131415161718 na=0xaabbccdd nb=0x01020304, then all swapped; 'sha1' for v0
#[test]
fn join_macs_as_python_computes_them() {
    let a = join_hmac(Version::V1, A, B, NONCE_A, NONCE_B);
    assert_eq!(hex(a.full()), "b5a4712edb62560521e4b4f39ebc15621a7be87f7c8d8a69647f033a837004db");
    let b = join_hmac(Version::V1, B, A, NONCE_B, NONCE_A);
    assert_eq!(hex(b.full()), "d2b8e59b0c7c0eb932c8dfb6585f92ee01a844b86d08b5b7405bc79fcb001cac");
    let a = join_hmac(Version::V0, A, B, NONCE_A, NONCE_B);
    assert_eq!(hex(a.full()), "daf65e39c4016da4c26a44501a617492e584acb9");
    let b = join_hmac(Version::V0, B, A, NONCE_B, NONCE_A);
    assert_eq!(hex(b.full()), "ae14daa4b7075d775ffc467b8a05906d55ed4ee7");
}

#[test]
fn truncations_take_the_left_end() {
    let v1 = join_hmac(Version::V1, B, A, NONCE_B, NONCE_A);
    assert_eq!(v1.trunc64(), 0xd2b8_e59b_0c7c_0eb9);
    assert_eq!(hex(&v1.trunc160()), "d2b8e59b0c7c0eb932c8dfb6585f92ee01a844b8");
    let v0 = join_hmac(Version::V0, A, B, NONCE_A, NONCE_B);
    assert_eq!(v0.trunc64(), 0xdaf6_5e39_c401_6da4);
    assert_eq!(hex(&v0.trunc160()), hex(v0.full()));
}

#[test]
fn a_mac_with_any_bit_flipped_is_refused() {
    for version in [Version::V0, Version::V1] {
        let mac = join_hmac(version, A, B, NONCE_A, NONCE_B);
        assert!(mac.verify64(mac.trunc64()) && mac.verify160(&mac.trunc160()));
        for bit in 0..64 {
            assert!(!mac.verify64(mac.trunc64() ^ (1 << bit)));
        }
        for bit in 0..160 {
            let mut wrong = mac.trunc160();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!mac.verify160(&wrong), "bit {bit}");
        }
    }
    assert!(equal_keys(A, A) && !equal_keys(A, B));
}

// hmac.new(struct.pack('>QQ', a, b), bytes([id]) + ipaddress.ip_address(addr).packed
//          + struct.pack('>H', port), 'sha256').hexdigest()[-16:]
#[test]
fn add_addr_macs_as_python_computes_them() {
    let table = [
        (2, "10.0.1.2", None, 0xead3_a06e_1d25_f6e8),
        (3, "10.0.1.2", Some(4433), 0x3800_fd3a_c2e5_6e29),
        (255, "2001:db8::2", None, 0x915b_e964_f6f6_e2c6),
        (4, "2001:db8::2", Some(65535), 0xbd83_0766_b6a1_52f1),
    ];
    for (id, addr, port, mac) in table {
        let addr = addr.parse().unwrap();
        assert_eq!(add_addr_hmac(A, B, id, addr, port), mac, "{addr}");
        assert_ne!(add_addr_hmac(B, A, id, addr, port), mac, "direction");
    }
    let v4 = "10.0.1.2".parse().unwrap();
    assert_eq!(add_addr_hmac(A, B, 2, v4, None), add_addr_hmac(A, B, 2, v4, Some(0)));
}

#[test]
fn debug_output_keeps_the_secrets() {
    let material = KeyMaterial::derive(Version::V1, A);
    let shown = format!("{material:?} {:?}", join_hmac(Version::V1, A, B, 1, 2));
    let secrets: Vec<_> = vec![format!("{}", A.0), format!("{:x}", A.0), format!("{}", material.idsn)];
    assert!(secrets.iter().all(|s| !shown.contains(s)), "{shown}");
    assert!(shown.contains(&format!("{:#010x}", material.token)));
}
