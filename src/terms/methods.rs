//! The methods of HTTP that the gateway serves: any other is refused, since nobody here knows what it does.

/// What OData's services took before there was `PATCH`, and some take alone: it changes the members that it names.
pub const MERGE: &str = "MERGE";

/// All of them, as a request line has them.
pub const SERVED: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", MERGE, "DELETE", "OPTIONS"];
