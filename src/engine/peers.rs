//! The connections that wait for something, each under a token that is never given out twice.
//!
//! A token is a place and a generation. When a connection goes, its place gets the next generation,
//! so an event or a completion that comes late finds nobody instead of a stranger.

use mio::Token;

/// A table of connections.
#[derive(Debug)]
pub(super) struct Peers<P> {
    places: Vec<Place<P>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<P> {
    generation: u32,
    peer: Option<P>,
}

impl<P> Peers<P> {
    /// How many there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there is none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts one in.
    pub(super) fn insert(&mut self, peer: P) -> Token {
        let free = self.free.pop().map(|index| index as usize);
        if let Some((index, place)) =
            free.and_then(|index| Some((index, self.places.get_mut(index)?)))
        {
            place.peer = Some(peer);
            return token(u32::try_from(index).unwrap_or(u32::MAX), place.generation);
        }
        // More than 2^32 connections do not fit into any limit on descriptors.
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place {
            generation: 0,
            peer: Some(peer),
        });
        token(index, 0)
    }

    /// The one with this token, if it is still here.
    pub(super) fn get_mut(&mut self, at: Token) -> Option<&mut P> {
        let (index, generation) = place(at);
        let place = self.places.get_mut(index as usize)?;
        if place.generation != generation {
            return None;
        }
        place.peer.as_mut()
    }

    /// Takes one out; its token is void from now on.
    pub(super) fn remove(&mut self, at: Token) -> Option<P> {
        let (index, generation) = place(at);
        let place = self.places.get_mut(index as usize)?;
        if place.generation != generation {
            return None;
        }
        let peer = place.peer.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(index);
        Some(peer)
    }

    /// All of them with their tokens.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Token, &P)> {
        self.places
            .iter()
            .zip(0_u32..)
            .filter_map(|(place, index)| {
                let peer = place.peer.as_ref()?;
                Some((token(index, place.generation), peer))
            })
    }
}

impl<P> Default for Peers<P> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

/// The highest generation is kept free for the loop's own tokens.
const fn token(index: u32, generation: u32) -> Token {
    Token(((generation as usize & 0x7FFF_FFFF) << 32) | index as usize)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "both halves are masked to their 32 bits"
)]
const fn place(token: Token) -> (u32, u32) {
    ((token.0 & 0xFFFF_FFFF) as u32, (token.0 >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_void_once_its_peer_is_gone() {
        let mut peers = Peers::default();
        let first = peers.insert("first");
        assert_eq!(peers.remove(first), Some("first"));
        let second = peers.insert("second");
        assert_ne!(first, second);
        assert_eq!(peers.get_mut(first), None);
        assert_eq!(peers.remove(first), None);
        assert_eq!(peers.get_mut(second), Some(&mut "second"));
        assert_eq!(peers.len(), 1);
    }
}
