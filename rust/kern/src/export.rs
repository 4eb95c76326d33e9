//! One way out: how a function of the header is written in Rust.

/// Defines functions of the header. The body is safe and sees what [`Arg`](crate::arg::Arg) makes of each
/// C argument; `name[len]` takes two of C's, a pointer and the number of items behind it. That the C signature is
/// the header's is checked when this compiles.
macro_rules! export {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($($arg:ident $([$len:ident])? : $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    )+) => {$(
        $(#[$attribute])*
        ///
        /// # Safety
        /// As `mptcp_core.h` says of the function: the locks are held, and each pointer is to a live object.
        #[unsafe(no_mangle)]
        #[allow(unreachable_pub, reason = "C reaches it by its name")]
        pub unsafe extern "C" fn $name(
            $($arg: <$ty as $crate::arg::Arg>::C $(, $len: usize)?),*
        ) $(-> $ret)? {
            #[inline]
            fn body($($arg: $ty),*) $(-> $ret)? $body
            // SAFETY: the caller keeps the header's contract, which is what `Arg::from_c` asks for.
            body($(unsafe {
                <$ty as $crate::arg::Arg>::from_c($arg, $crate::export::items!($($len)?))
            }),*)
        }

        // Two functions coerce to one pointer type only where their signatures are the same.
        const _: () = {
            let _ = [$crate::abi::$name, $name];
        };
    )+};
}

/// The number of items behind a pointer: what C said, or one.
macro_rules! items {
    () => {
        1
    };
    ($len:ident) => {
        $len
    };
}

pub(crate) use {export, items};
